"""Limits of a form that makes the service send mail: without them it is a tool for mail bombs.

Counts in fixed stretches of time. Addresses and networks are counted under keyed digests, so that
nothing in the store says who asked.
"""

from typing import Annotated

import msgspec

from recsvc.clock import DAY_S, HOUR_S, SECOND_US
from recsvc.core.access.networks import wide
from recsvc.params import setting
from recsvc.store import keys
from recsvc.store.access.signatures import Signatures
from recsvc.store.pipe import Pipe


class MailLimitParams(msgspec.Struct, frozen=True):
    """How many confirmations may be asked for; a network is a /24 or /48."""

    address_per_day: Annotated[
        int,
        setting(
            "Confirmations mailed to one address in a day.",
            name="subscribe_per_address_day",
            ge=1,
        ),
    ] = 3
    network_per_hour: Annotated[
        int,
        setting(
            "Requests to subscribe from one network in an hour.",
            name="subscribe_per_network_hour",
            ge=1,
        ),
    ] = 20
    site_per_hour: Annotated[
        int,
        setting(
            "Confirmations mailed in an hour, to everybody together.",
            name="subscribe_per_hour",
            ge=1,
        ),
    ] = 1_000


class MailLimits:
    """Counts requests."""

    def __init__(self, pipe: Pipe, signatures: Signatures, params: MailLimitParams) -> None:
        self._pipe = pipe
        self._signatures = signatures
        self._params = params

    async def wait_s(self, where: str, now_us: int) -> int:
        """Count a request by its network; return for how many seconds it is one too many."""
        n, wait_s = await self._count("network", wide(where), HOUR_S, now_us)
        return wait_s if n > self._params.network_per_hour else 0

    async def may_mail(self, mailbox: str, now_us: int) -> bool:
        """Count a mail to a mailbox, however it is spelt; return whether it may still be sent."""
        n_address, _ = await self._count("address", mailbox, DAY_S, now_us)
        if n_address > self._params.address_per_day:
            return False
        n_site, _ = await self._count("site", "", HOUR_S, now_us)
        return n_site <= self._params.site_per_hour

    async def _count(self, scope: str, who: str, stretch_s: int, now_us: int) -> tuple[int, int]:
        """Count one more; return how many there are, and the seconds until counting starts anew."""
        now_s = now_us // SECOND_US
        stretch = now_s // stretch_s
        key = keys.mail_limit(f"{scope}:{self._signatures.fingerprint('limit', who)}:{stretch}")
        answers = await self._pipe.send_all(
            [("SET", key, 0, "EX", 2 * stretch_s, "NX"), ("INCR", key)]
        )
        return int(answers[1]), stretch_s - now_s % stretch_s
