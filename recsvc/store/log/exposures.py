"""Exposures: which lists readers were served, on their way from the serving processes to a worker.

A list served is one exposure. It travels in a stream of the site, packed with others of the same quarter
of a second, and stays there until a worker has put it into a file: at most a few thousand packs, the
oldest going first where no worker comes. Nothing here is needed to answer anybody: what is lost is lost
to the figures only.
"""

from collections.abc import Iterable

import msgspec

from recsvc.store import erasure_ids, keys
from recsvc.store.access.signatures import reader_digest, signatures
from recsvc.store.pipe import Command, Pipe

PACK_BYTES = 16 * 1024
MOST_PACKS = 2_048

_FIELD = "x"


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """What a list, or a page of it, showed: place by place.

    Attributes:
        source: of the list as a whole.
        positions: in the list, from 0.
        voices: which source said most.
        propensities: how likely an explored place was to show what it shows; None of others.
        teams: of an interleaved list, whose pick a place is, 0 or 1; None of what was explored.
        is_tried: whether an experiment named the model that ranked.
        speakers: of some lists, the voices that weighed anything.
        points: of these, place by place, what each voice said for a weight of 1, and the rest of the
            score: little-endian float32.
    """

    source: str
    snapshot_id: str | None
    positions: list[int]
    items: list[str]
    voices: list[str]
    propensities: list[float | None]
    teams: list[int | None] = []
    is_tried: bool = False
    speakers: tuple[str, ...] = ()
    points: bytes = b""


class Exposure(msgspec.Struct, frozen=True, array_like=True):
    """That a reader was served a list.

    Attributes:
        share: of all readers, those of whom exposures are kept: 1 / share is what each stands for.
        variants: `experiment=variant`, of the experiments that the reader was in.
        shown: a `Shown`, packed once for however often it is answered.
        took_us: how long it took to make, or to answer again; None of a former release.
    """

    feed_id: str
    user: str
    at_us: int
    share: float
    variants: tuple[str, ...]
    shown: msgspec.Raw
    took_us: int | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Exposure]).decode
_decode_shown = msgspec.msgpack.Decoder(Shown).decode


def packed(thing: Exposure | Shown) -> bytes:
    """Return what is to be appended."""
    return _encode(thing)


def shown_in(exposure: Exposure) -> Shown:
    """Return what an exposure showed."""
    return _decode_shown(exposure.shown)


class ExposureLog:
    """Appends exposures, and gives them to the worker that keeps them."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def append(self, exposures: Iterable[bytes]) -> None:
        """Append packed exposures.

        Raises:
            StoreUnavailableError: when the store did not answer; they may be there all the same.
        """
        packs: list[list[bytes]] = [[]]
        n_bytes = 0
        for one in exposures:
            if n_bytes + len(one) > PACK_BYTES and packs[-1]:
                packs.append([])
                n_bytes = 0
            packs[-1].append(one)
            n_bytes += len(one)
        commands: list[Command] = [
            ("XADD", keys.EXPOSURES, "MAXLEN", "~", MOST_PACKS, "*", _FIELD, _encode(raws))
            for raws in ([msgspec.Raw(one) for one in pack] for pack in packs)
        ]
        await self._pipe.send_all(commands)

    async def waiting(self) -> int:
        """Return how many packs wait for a worker."""
        return int(await self._pipe.send("XLEN", keys.EXPOSURES))

    async def read(self) -> tuple[list[Exposure], str | None]:
        """Return what waits, oldest first, and the id of the last pack; None where nothing does."""
        packs = await self._pipe.send("XRANGE", keys.EXPOSURES, "-", "+")
        found: list[Exposure] = []
        for _, fields in packs:
            try:
                found += _decode(fields[_FIELD.encode()])
            except (KeyError, msgspec.MsgspecError):
                continue  # of another release: nothing depends on it
        return found, packs[-1][0].decode() if packs else None

    async def forget_until(self, pack_id: str) -> None:
        """Forget what was read, up to a pack, which goes too."""
        ms, _, seq = pack_id.partition("-")
        await self._pipe.send("XTRIM", keys.EXPOSURES, "MINID", f"{ms}-{int(seq) + 1}")

    async def erased_us(self, users: Iterable[str]) -> dict[str, int]:
        """Return those of some readers who were ever erased, with the instant it was last asked for."""
        names = list(dict.fromkeys(users))
        if not names:
            return {}
        signs = await signatures(self._pipe)
        answers = await self._pipe.send_all(
            [
                ("HGET", keys.forgotten(keys.shard_of(user)), reader_digest(signs, user))
                for user in names
            ]
        )
        return {
            user: erasure_ids.until_us(identity)
            for user, identity in zip(names, answers, strict=True)
            if identity is not None
        }
