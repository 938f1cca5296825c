"""The refusal to serve other machines while anybody could do anything."""

from recsvc.clock import now_us
from recsvc.errors import SettingsError
from recsvc.settings import Settings
from recsvc.store.access.credentials import Credentials
from recsvc.store.connection import connect
from recsvc.store.pipe import Pipe


async def refuse_to_expose(settings: Settings) -> None:
    """Check that a key exists before anybody but this machine is served.

    Raises:
        SettingsError: when none does; `--insecure` says that this is meant.
        StoreUnavailableError: when the store that holds the keys does not answer.
    """
    if settings.admission.is_insecure or settings.is_local:
        return
    redis = connect(settings.store_url)
    try:
        found = await Credentials(Pipe(redis)).all(now_us())
    finally:
        await redis.aclose()
    if not found:
        raise SettingsError(
            f"not listening on {settings.host}: no key exists, so anybody could do anything; make "
            "one with `recsvc keys create secret`, or say --insecure (RECSVC_INSECURE=true)"
        )
