"""Deliveries in Redis: what is due, who has it in hand, what became of it.

A job is taken in hand by moving the instant at which it is due to the end of a lease: whoever dies
with it leaves it due again. Every claim has a token of its own, and what an earlier claim still has
under way is refused. A mail passes three states:

    claimed   in hand; nothing has been accepted, so whoever comes next may send it
    handing   its last byte may be on the way to the relay: it counts as sent unless the relay says no
    settled   sent, deferred, refused, …; the local date it was for never comes again

Between `handing` and the relay's answer nobody can know whether the mail was accepted; a mail left in
that state is not sent again. At most once, then, after the relay was given the end of the data, and
as often as it takes before.
"""

import secrets
from datetime import date
from typing import Literal

import msgspec

from recsvc.clock import DAY_S, DAY_US, SECOND_US
from recsvc.store import keys, scripts
from recsvc.store.pipe import Pipe

Outcome = Literal[
    "sent",  # the relay accepted it
    "unknown",  # the worker died, or the line broke, before the relay's answer came
    "empty",  # there was nothing to send
    "done",  # the date had its mail already
    "deferred",  # the relay took this one not now
    "postponed",  # the relay takes nothing now
    "refused",  # the relay will never take it
    "withdrawn",  # nobody wants it any more
    "failed",  # it could not be made; it is tried again
    "set_aside",  # it could not be made again and again: not this one any more
]

# What an operator should look at.
TROUBLES: tuple[Outcome, ...] = ("failed", "set_aside", "unknown", "refused")
_TROUBLE_TTL_S = 7 * DAY_S
_ITEMS_KEPT = 100
_LEFT_OUT, _PLAIN = "item:", "plain:"

_JOB_TTL_S = 60 * DAY_S
_ITEMS_REMEMBERED = 2_000

_encode = msgspec.msgpack.Encoder().encode


class Claim(msgspec.Struct, frozen=True):
    """A job in hand.

    Attributes:
        token: proves that it is in these hands.
        done: the latest local date that is settled.
        handing: the date of a mail whose acceptance nobody knows of; None is the rule.
        tries: how often in a row it was deferred.
    """

    job: str
    token: str
    done: date | None = None
    handing: date | None = None
    tries: int = 0


class Trouble(msgspec.Struct, frozen=True):
    """What went wrong lately.

    Attributes:
        last_us: outcome -> when a mail last came to it.
        left_out: item -> why it is left out of mails.
        plain: item -> what of it mails show as letters only.
    """

    last_us: dict[str, int]
    left_out: dict[str, str]
    plain: dict[str, str]


class Deliveries:
    """Keeps the state of every mail."""

    def __init__(self, pipe: Pipe, repeat_days: float) -> None:
        self._pipe = pipe
        self._repeat_us = int(repeat_days * DAY_US)

    async def due(self, now_us: int, n: int) -> list[str]:
        """Return up to `n` jobs that are due, the longest waiting first."""
        found: list[bytes] = await self._pipe.send(
            "ZRANGE", keys.MAIL_DUE, "-inf", now_us, "BYSCORE", "LIMIT", 0, n
        )
        return [job.decode() for job in found]

    async def count_due(self, now_us: int) -> int:
        """Return how many jobs are due."""
        return int(await self._pipe.send("ZCOUNT", keys.MAIL_DUE, "-inf", now_us))

    async def waiting_since(self) -> int | None:
        """Return the instant at which the job that has waited longest was due; None without jobs."""
        found = await self._pipe.send("ZRANGE", keys.MAIL_DUE, 0, 0, "WITHSCORES")
        return int(found[0][1]) if found else None

    async def planned(self, from_us: int, until_us: int, n: int) -> list[tuple[str, int]]:
        """Return up to `n` jobs due in [from, until), with the instant, the earliest first."""
        found = await self._pipe.send(
            "ZRANGE", keys.MAIL_DUE, from_us, f"({until_us}",
            "BYSCORE", "LIMIT", 0, n, "WITHSCORES",
        )  # fmt: skip
        return [(job.decode(), int(at)) for job, at in found]

    async def claim(self, job: str, now_us: int, lease_s: float) -> Claim | None:
        """Take a due job in hand; None when somebody else has it by now."""
        token = secrets.token_hex(8)
        until_us = now_us + int(lease_s * SECOND_US)
        args: list[object] = [job, now_us, until_us, token, _JOB_TTL_S]
        raw = await scripts.call(self._pipe, "mail_claim", _keys_of(job), args)
        if not raw:
            return None
        fields = {k.decode(): v.decode() for k, v in _pairs(raw) if k != b"items"}
        return Claim(
            job,
            token,
            _day(fields.get("done")),
            _day(fields.get("handing")),
            int(fields.get("tries", 0)),
        )

    async def hand_over(self, claim: Claim, day: date, items: list[str]) -> bool:
        """Note that a mail is about to be accepted; return whether it still may be.

        Args:
            items: what is in it; remembered once it counts as sent.
        """
        args: list[object] = [claim.job, claim.token, day.isoformat(), _encode(items)]
        answer = await scripts.call(self._pipe, "mail_hand_over", _keys_of(claim.job), args)
        return int(answer) == 1

    async def settle(
        self, claim: Claim, outcome: Outcome, again_us: int | None, day: date | None, now_us: int
    ) -> bool:
        """Note what became of a job.

        Args:
            again_us: when it is due again; None for never.
            day: the local date that has had its mail now, if one has.

        Returns:
            Whether it was in these hands.
        """
        args: list[object] = [
            claim.job,
            claim.token,
            outcome,
            "" if again_us is None else again_us,
            "" if day is None else day.isoformat(),
            now_us,
            now_us - self._repeat_us,
            _ITEMS_REMEMBERED,
            self._repeat_us // SECOND_US,
        ]
        key_names = [*_keys_of(claim.job), keys.mail_mailed(claim.job[2:]), keys.MAIL_FIGURES]
        is_ours = bool(await scripts.call(self._pipe, "mail_settle", key_names, args))
        if is_ours and outcome in TROUBLES:
            await self._trouble(outcome, now_us)
        return is_ours

    async def leave_out(self, left_out: dict[str, str]) -> None:
        """Note which items cannot be rendered, and why; the latest are kept for a week."""
        await self._name(_LEFT_OUT, left_out, (await self.trouble()).left_out)

    async def show_plainly(self, plain: dict[str, str]) -> None:
        """Note which items lose their form in mails, and by what; the latest are kept for a week."""
        await self._name(_PLAIN, plain, (await self.trouble()).plain)

    async def trouble(self) -> Trouble:
        """Return what went wrong within the last week."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.MAIL_TROUBLE)
        found = {name.decode(): value.decode() for name, value in raw.items()}
        last = {str(name): int(found[name]) for name in TROUBLES if name in found}
        return Trouble(last, _behind(found, _LEFT_OUT), _behind(found, _PLAIN))

    async def _name(self, prefix: str, items: dict[str, str], known: dict[str, str]) -> None:
        for item, why in items.items():
            if item in known or len(known) < _ITEMS_KEPT:
                await self._trouble(f"{prefix}{item}", why)

    async def _trouble(self, name: str, value: object) -> None:
        await self._pipe.send_all(
            [
                ("HSET", keys.MAIL_TROUBLE, name, value),
                ("EXPIRE", keys.MAIL_TROUBLE, _TROUBLE_TTL_S),
            ]
        )

    async def release(self, job: str, token: str, now_us: int, handed: bool) -> bool:
        """Free the job of a worker that died; return whether it still had it in hand.

        Args:
            handed: whether the end of the mail may have reached the relay.
        """
        args: list[object] = [job, token, now_us, int(handed)]
        return bool(await scripts.call(self._pipe, "mail_release", _keys_of(job), args))

    async def mailed(self, subscription_id: str, now_us: int) -> list[str]:
        """Return what a subscriber was sent within the time in which nothing is repeated."""
        found: list[bytes] = await self._pipe.send(
            "ZRANGE", keys.mail_mailed(subscription_id), now_us - self._repeat_us, "+inf", "BYSCORE"
        )
        return [item.decode() for item in found]

    async def mailed_since(self, subscription_id: str) -> dict[str, int]:
        """Return all that is kept of what a subscriber was sent: item -> when (µs)."""
        found: list[tuple[bytes, float]] = await self._pipe.send(
            "ZRANGE", keys.mail_mailed(subscription_id), 0, -1, "WITHSCORES"
        )
        return {item.decode(): int(at_us) for item, at_us in found}

    async def figures(self) -> dict[str, int]:
        """Return how many mails came to which outcome, and `last_sent_us`, the latest sending."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.MAIL_FIGURES)
        return {outcome.decode(): int(n) for outcome, n in raw.items()}


def _behind(found: dict[str, str], prefix: str) -> dict[str, str]:
    return {n.removeprefix(prefix): v for n, v in found.items() if n.startswith(prefix)}


def _keys_of(job: str) -> list[str]:
    return [keys.MAIL_DUE, keys.mail_job(job)]


def _pairs(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
