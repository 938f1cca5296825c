"""The refusal to serve other machines while anybody could do anything."""

from recsvc.clock import now_us
from recsvc.errors import SettingsError, StoreUnavailableError
from recsvc.settings import Settings
from recsvc.store.access.credentials import Credential, Credentials
from recsvc.store.connection import connect
from recsvc.store.keepsake import Keepsake
from recsvc.store.pipe import Pipe


async def refuse_to_expose(settings: Settings) -> None:
    """Check that a key exists before anybody but this machine is served.

    Raises:
        SettingsError: when none does; `--insecure` says that this is meant.
        StoreUnavailableError: when the store that holds the keys does not answer, and nothing was
            kept of it.
    """
    if settings.admission.is_insecure or settings.is_local:
        return
    if not await _credentials(settings):
        raise SettingsError(
            f"not listening on {settings.host}: no key exists, so anybody could do anything; make "
            "one with `recsvc keys create secret`, or say --insecure (RECSVC_INSECURE=true)"
        )


async def _credentials(settings: Settings) -> list[Credential]:
    redis, now = connect(settings.store_url), now_us()
    try:
        return await Credentials(Pipe(redis)).all(now)
    except StoreUnavailableError:
        kept = await Keepsake(settings.keepsake_path, settings.store_url).read()
        if kept is None:
            raise
        return await Credentials(kept).all(now)
    finally:
        await redis.aclose()
