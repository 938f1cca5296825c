"""Subscriptions in Redis: wishes that wait for confirmation, and what became of them."""

from collections.abc import AsyncIterator, Callable

import msgspec

from recsvc.clock import DAY_S, DAY_US, SECOND_US, now_us
from recsvc.core.mail.subscription import PENDING_DAYS, Pending, Subscription
from recsvc.errors import ConflictError
from recsvc.store import keys, scripts
from recsvc.store.pipe import Command, Pipe

_PENDING_S = PENDING_DAYS * DAY_S
_ATTEMPTS = 5
_SCAN_COUNT = 500

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Subscription).decode
_decode_pending = msgspec.json.Decoder(Pending).decode

# Given the stored subscription, returns what is to be stored.
Change = Callable[[Subscription], Subscription]


def digest_job(subscription_id: str) -> str:
    """Return the name of the job that sends a subscriber's mail."""
    return f"d:{subscription_id}"


def confirm_job(nonce: str) -> str:
    """Return the name of the job that asks for a confirmation."""
    return f"c:{nonce}"


def links_job(subscription_id: str) -> str:
    """Return the name of the job that sends a subscriber links that work."""
    return f"l:for-{subscription_id}"


def _day(instant_us: int) -> str:
    return str(instant_us // DAY_US)


class Subscriptions:
    """Keeps who gets mail."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def request(self, nonce: str, pending: Pending) -> None:
        """Keep a wish for some days, and have its address asked for confirmation."""
        now_s = pending.requested_us // SECOND_US
        ends_us = pending.requested_us + _PENDING_S * SECOND_US
        key_names = [
            keys.mail_pending(nonce),
            keys.MAIL_DUE,
            keys.mail_of(pending.user or ""),
            keys.MAIL_LEFT,
        ]
        args: list[object] = [
            _encode(pending),
            _PENDING_S,
            confirm_job(nonce),
            pending.requested_us,
            "" if pending.user is None else now_s,
            ends_us,
            _day(ends_us),
        ]
        await scripts.call(self._pipe, "mail_request", key_names, args)

    async def pending(self, nonce: str) -> Pending | None:
        """Return a wish that still waits."""
        raw: bytes | None = await self._pipe.send("GET", keys.mail_pending(nonce))
        return None if raw is None else _decode_pending(raw)

    async def confirm(self, nonce: str, subscription: Subscription, due_us: int) -> bool:
        """Make a wish a subscription, whatever its address had before; once.

        Returns:
            False when the wish is gone: expired, or confirmed before.
        """
        key_names = [
            keys.mail_pending(nonce),
            keys.MAIL_SUBS,
            keys.MAIL_DUE,
            keys.mail_of(subscription.user or ""),
        ]
        args: list[object] = [
            confirm_job(nonce),
            subscription.id,
            _encode(subscription),
            digest_job(subscription.id),
            due_us,
            int(subscription.user is not None),
        ]
        return bool(await scripts.call(self._pipe, "mail_confirm", key_names, args))

    async def request_links(self, subscription_id: str, now_us: int) -> None:
        """Have a subscriber sent links that work; nothing happens where there is none."""
        if await self.get(subscription_id) is not None:
            await self._pipe.send("ZADD", keys.MAIL_DUE, now_us, links_job(subscription_id))

    async def get(self, subscription_id: str) -> Subscription | None:
        """Return a subscription."""
        raw: bytes | None = await self._pipe.send("HGET", keys.MAIL_SUBS, subscription_id)
        return None if raw is None else _decode(raw)

    async def change(
        self, subscription_id: str, change: Change, due_us: int | None = None
    ) -> Subscription | None:
        """Change a subscription; return it, None when there is none.

        Args:
            due_us: when its next mail is due; None leaves it. A suspended one is never due.

        Raises:
            ConflictError: when others kept changing it.
        """
        for _ in range(_ATTEMPTS):
            raw: bytes | None = await self._pipe.send("HGET", keys.MAIL_SUBS, subscription_id)
            if raw is None:
                return None
            new = change(_decode(raw))
            due: object = "=" if due_us is None else due_us
            args = [
                subscription_id,
                raw,
                _encode(new),
                digest_job(subscription_id),
                "" if new.suspended else due,
            ]
            key_names = [keys.MAIL_SUBS, keys.MAIL_DUE]
            if await scripts.call(self._pipe, "mail_change", key_names, args):
                return new
        raise ConflictError("the subscription keeps changing; try again")

    async def remove(self, subscription_id: str) -> bool:
        """Forget a subscription and all that was kept for it; return whether there was one."""
        known = await self.get(subscription_id)
        job = digest_job(subscription_id)
        key_names = [
            keys.MAIL_DUE,
            keys.MAIL_SUBS,
            keys.mail_job(job),
            keys.mail_mailed(subscription_id),
            keys.mail_of("" if known is None else known.user or ""),
            keys.MAIL_LEFT,
        ]
        now = now_us()
        args = [job, subscription_id, _PENDING_S, now, _day(now)]
        return bool(await scripts.call(self._pipe, "mail_remove", key_names, args))

    async def of(self, user: str) -> list[Subscription]:
        """Return a reader's subscriptions."""
        members: list[bytes] = await self._pipe.send("ZRANGE", keys.mail_of(user), 0, -1)
        ids = [m.decode()[2:] for m in members if m.startswith(b"d:")]
        found = [await self.get(i) for i in ids]
        return [s for s in found if s is not None and s.user == user]

    async def wishes_of(self, user: str) -> list[Pending]:
        """Return a reader's wishes that wait to be confirmed."""
        members: list[bytes] = await self._pipe.send("ZRANGE", keys.mail_of(user), 0, -1)
        nonces = [m.decode()[2:] for m in members if m.startswith(b"c:")]
        found = [await self.pending(nonce) for nonce in nonces]
        return [wish for wish in found if wish is not None and wish.user == user]

    async def wishes_for(self, subscription_id: str) -> dict[str, Pending]:
        """Return the wishes of an address that wait, by nonce; the whole store is looked through."""
        found = {}
        async for key in self._pipe.scan(keys.mail_pending("*")):
            nonce = key.decode().rpartition(":")[2]
            wish = await self.pending(nonce)
            if wish is not None and wish.id == subscription_id:
                found[nonce] = wish
        return found

    async def erase_address(self, subscription_id: str) -> int:
        """Forget the subscription and the wishes of an address; return how many there were."""
        wishes = await self.wishes_for(subscription_id)
        commands: list[Command] = []
        for nonce, wish in wishes.items():
            job = confirm_job(nonce)
            commands += [
                ("DEL", keys.mail_pending(nonce), keys.mail_job(job)),
                ("ZREM", keys.MAIL_DUE, job),
                ("ZREM", keys.mail_of(wish.user or ""), job),
            ]
        await self._pipe.send_all(commands)
        return len(wishes) + await self.remove(subscription_id)

    async def take_left(self, until_us: int) -> bool:
        """Return whether addresses ended before an instant that files may still hold; asked once."""
        command = ("ZREMRANGEBYSCORE", keys.MAIL_LEFT, "-inf", until_us)
        return bool(await self._pipe.send(*command))

    async def erase_subscriptions_of(self, user: str) -> int:
        """Forget every subscription and every wish of a reader; return how many there were."""
        erased = [await self.remove(s.id) for s in await self.of(user)]
        of = keys.mail_of(user)
        members: list[bytes] = await self._pipe.send("ZRANGE", of, 0, -1)
        commands: list[Command] = [("DEL", of)]
        for job in (m.decode() for m in members if m.startswith(b"c:")):
            commands += [
                ("ZREM", keys.MAIL_DUE, job),
                ("DEL", keys.mail_job(job)),
                ("DEL", keys.mail_pending(job[2:])),
            ]
        answers = await self._pipe.send_all(commands)
        return len(erased) + sum(int(n) for n in answers[3::3])

    async def count(self) -> int:
        """Return how many subscriptions there are, suspended ones included."""
        return int(await self._pipe.send("HLEN", keys.MAIL_SUBS))

    async def all(self) -> AsyncIterator[Subscription]:
        """Yield every subscription, in no order; one that changes meanwhile may come twice."""
        cursor = b"0"
        while True:
            cursor, fields = await self._pipe.send(
                "HSCAN", keys.MAIL_SUBS, cursor, "COUNT", _SCAN_COUNT
            )
            values = fields.values() if isinstance(fields, dict) else fields[1::2]
            for raw in values:
                yield _decode(raw)
            if int(cursor) == 0:
                return
