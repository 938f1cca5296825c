"""Questions about the log, on their way from whoever asks to a worker, who has the archive, and back.

Questions and answers name readers: neither stays longer than a minute, and whoever asked takes the
answer away.
"""

import asyncio
import os

import msgspec

from recsvc.clock import SECOND_US
from recsvc.core.readers.events import Entry
from recsvc.errors import StoreUnavailableError
from recsvc.store import keys
from recsvc.store.pipe import Pipe

_TTL_US = 60 * SECOND_US
_POLL_S = 0.05
_PATIENCE_S = 20.0

# Where an entry stands in the log: milliseconds and number of its id, shard.
Place = tuple[int, int, int]


class Question(msgspec.Struct, frozen=True):
    """Which entries of the log.

    Attributes:
        items: of any of these, the names of one item; of all, if empty.
        since_us, until_us: which happened in [since, until).
        after: the place to go on behind; None for the beginning.
        oldest_first: in the order of logging; else against it.
    """

    asked_us: int
    limit: int
    user: str | None = None
    items: tuple[str, ...] = ()
    kind: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    after: Place | None = None
    oldest_first: bool = False


class Answer(msgspec.Struct, frozen=True):
    """Entries of the log in the order that was asked for.

    Attributes:
        follow: the place to go on behind; None at the end.
    """

    entries: list[Entry]
    answered_us: int
    follow: Place | None = None


_question = msgspec.json.Decoder(Question).decode
_answer = msgspec.json.Decoder(Answer).decode


class Questions:
    """Passes questions to workers, and answers back."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def ask(self, question: Question) -> Answer:
        """Return the answer to a question.

        Raises:
            StoreUnavailableError: when no worker answers.
        """
        identity = os.urandom(16).hex()
        await self._pipe.send("HSET", keys.QUESTIONS, identity, msgspec.json.encode(question))
        patience_s = _PATIENCE_S
        while patience_s > 0:
            packed = await self._pipe.send("HGET", keys.ANSWERS, identity)
            if packed is not None:
                await self._pipe.send("HDEL", keys.ANSWERS, identity)
                return _answer(packed)
            patience_s -= _POLL_S
            await asyncio.sleep(_POLL_S)
        await self._pipe.send("HDEL", keys.QUESTIONS, identity)
        raise StoreUnavailableError("no worker answers, and only workers can read the archive")

    async def take(self, now_us: int) -> dict[str, Question]:
        """Take the questions that were asked lately, by id; nobody gets them again."""
        raw, answers = await self._pipe.send_all(
            [("HGETALL", keys.QUESTIONS), ("HGETALL", keys.ANSWERS)]
        )
        for identity, packed in answers.items():
            if _answer(packed).answered_us < now_us - _TTL_US:
                await self._pipe.send("HDEL", keys.ANSWERS, identity)
        if raw:
            await self._pipe.send("HDEL", keys.QUESTIONS, *raw)
        found = {identity.decode(): _question(packed) for identity, packed in raw.items()}
        return {i: q for i, q in found.items() if q.asked_us >= now_us - _TTL_US}

    async def answer(self, identity: str, answer: Answer) -> None:
        """Answer a question."""
        await self._pipe.send("HSET", keys.ANSWERS, identity, msgspec.json.encode(answer))

    async def drop(self) -> None:
        """Drop all questions and answers, whomever they name; who waits may ask again."""
        await self._pipe.send_all([("DEL", keys.QUESTIONS), ("DEL", keys.ANSWERS)])
