"""Erasures: a reader is forgotten at once, and what is logged of them soon after, without fail.

The profile goes in the same step that notes, in the reader's own shard, up to which entry of the log
everything must go. A worker does that and leaves a proof: what was erased and when, under a keyed
digest, so that whoever knows the id can find the proof and nobody can read the id from it.
"""

import enum

import msgspec

from recsvc.clock import DAY_S
from recsvc.errors import NotFoundError
from recsvc.store import erasure_ids, keys, scripts
from recsvc.store.access.signatures import reader_digest, signatures
from recsvc.store.pipe import Pipe
from recsvc.store.readers.frozen_lists import whose_lists

MAX_PROOFS = 100_000

_PURPOSE = "erasure"
# Longer than any event id is remembered.
_FORGOTTEN_S = 800 * DAY_S

_encode = msgspec.msgpack.Encoder().encode


class ErasureState(enum.StrEnum):
    """How far an erasure is.

    `running`: the reader is forgotten, the log still holds events. `compacting`: nothing names the
    reader any more but files that are being written anew. `done`: those neither.
    """

    RUNNING = enum.auto()
    COMPACTING = enum.auto()
    DONE = enum.auto()


class Erasure(msgspec.Struct, frozen=True):
    """An erasure under way.

    Attributes:
        cut: id of the last entry of the reader's log that must go.
        counts: what was erased so far, by what it is.
    """

    user: str
    requested_us: int
    cut: str
    counts: dict[str, int] = msgspec.field(default_factory=dict)


class Proof(msgspec.Struct, frozen=True):
    """What may be kept of an erasure.

    Attributes:
        digest: keyed digest of the reader's id.
        compacted: whether the store's files were written anew; those of a store that is not ours are
            for whoever runs it.
    """

    id: str
    digest: str
    requested_us: int
    state: ErasureState
    erased_us: int | None
    counts: dict[str, int]
    compacted: bool = False


_decode = msgspec.msgpack.Decoder(Erasure).decode
_decode_proof = msgspec.json.Decoder(Proof).decode


class Erasures:
    """Notes erasures, and keeps their proofs."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def request(self, user: str, now_us: int) -> Proof:
        """Forget a reader, and note that what is logged of them must go too."""
        shard, signs = keys.shard_of(user), await signatures(self._pipe)
        identity = erasure_ids.new(shard, now_us)
        key_names = [
            keys.profile(shard, user),
            keys.shown(shard, user),
            keys.events(shard),
            keys.erasures(shard),
            keys.preferences(shard, user),
            keys.lists(whose_lists(signs, user)),
            keys.heard_of(shard, user),
            keys.names(shard),
            keys.forgotten(shard),
        ]
        args = [identity, user, now_us, reader_digest(signs, user), _FORGOTTEN_S]
        await scripts.call(self._pipe, "forget", key_names, args)
        return await self.find(identity)

    async def find(self, identity: str) -> Proof:
        """Return how far an erasure is.

        Raises:
            NotFoundError: when there was none with this id.
        """
        shard = erasure_ids.shard_in(identity)
        proof, job = await self._pipe.send_all(
            [("HGET", keys.ERASED, identity), ("HGET", keys.erasures(shard), identity)]
        )
        if job is not None:
            return await self._proof(identity, _decode(job), ErasureState.RUNNING, None)
        if proof is None:
            raise NotFoundError(f"there is no erasure {identity!r}")
        return _decode_proof(proof)

    async def proofs_of(self, user: str) -> list[Proof]:
        """Return a reader's erasures, latest first, those under way included."""
        shard = keys.shard_of(user)
        jobs, proofs = await self._pipe.send_all(
            [("HGETALL", keys.erasures(shard)), ("HGETALL", keys.ERASED)]
        )
        digest = await self._digest(user)
        found = {p.id: p for p in map(_decode_proof, proofs.values()) if p.digest == digest}
        for identity, packed in jobs.items():
            job = _decode(packed)
            if job.user == user:
                proof = await self._proof(identity.decode(), job, ErasureState.RUNNING, None)
                found[proof.id] = proof
        return sorted(found.values(), key=lambda p: p.id, reverse=True)

    async def erased(self, users: list[str]) -> dict[str, int]:
        """Return those of some readers who were ever erased, with the instant it was last asked for."""
        proofs: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.ERASED)
        asked_us: dict[str, int] = {}
        for proof in map(_decode_proof, proofs.values()):
            asked_us[proof.digest] = max(asked_us.get(proof.digest, 0), proof.requested_us)
        if not asked_us:
            return {}
        signs = await signatures(self._pipe)
        digests = {user: signs.digest(_PURPOSE, user).hex() for user in users}
        return {user: asked_us[digest] for user, digest in digests.items() if digest in asked_us}

    async def pending(self) -> dict[str, Erasure]:
        """Return the erasures that are to be done, by id."""
        answers = await self._pipe.send_all(
            [("HGETALL", keys.erasures(shard)) for shard in range(keys.N_SHARDS)]
        )
        return {
            identity.decode(): _decode(packed)
            for found in answers
            for identity, packed in found.items()
        }

    async def under_way(self) -> list[Proof]:
        """Return the erasures that are not done, latest first; they do not name their readers."""
        running = [
            await self._proof(identity, job, ErasureState.RUNNING, None)
            for identity, job in (await self.pending()).items()
        ]
        return sorted(running + await self.compacting(), key=lambda p: p.id, reverse=True)

    async def is_leaving(self, user: str) -> bool:
        """Return whether a reader is being erased."""
        key = keys.erasures(keys.shard_of(user))
        jobs: list[bytes] = await self._pipe.send("HVALS", key)
        return any(_decode(packed).user == user for packed in jobs)

    async def note(self, identity: str, erasure: Erasure) -> None:
        """Keep how far an erasure is."""
        key = keys.erasures(erasure_ids.shard_in(identity))
        await scripts.reserved(self._pipe, "HSET", key, identity, _encode(erasure))

    async def settle(self, identity: str, erasure: Erasure, now_us: int) -> None:
        """Replace an erasure by its proof: from here on nothing in the store names the reader."""
        proof = await self._proof(identity, erasure, ErasureState.COMPACTING, now_us)
        await self._put(proof)
        await self._pipe.send("HDEL", keys.erasures(erasure_ids.shard_in(identity)), identity)
        await self._forget_oldest()

    async def compacting(self) -> list[Proof]:
        """Return the proofs of erasures that files may still contradict."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.ERASED)
        proofs = map(_decode_proof, raw.values())
        return [p for p in proofs if p.state is ErasureState.COMPACTING]

    async def finish(self, proofs: list[Proof], compacted: bool, now_us: int) -> None:
        """Note that nothing of ours contradicts these proofs any more."""
        for proof in proofs:
            done = msgspec.structs.replace(
                proof, state=ErasureState.DONE, erased_us=now_us, compacted=compacted
            )
            await self._put(done)

    async def _put(self, proof: Proof) -> None:
        packed = msgspec.json.encode(proof)
        await scripts.reserved(self._pipe, "HSET", keys.ERASED, proof.id, packed)

    async def _forget_oldest(self) -> None:
        n = int(await self._pipe.send("HLEN", keys.ERASED))
        if n > MAX_PROOFS:
            ids: list[bytes] = await self._pipe.send("HKEYS", keys.ERASED)
            await self._pipe.send("HDEL", keys.ERASED, *sorted(ids)[: n - MAX_PROOFS])

    async def _digest(self, user: str) -> str:
        return (await signatures(self._pipe)).digest(_PURPOSE, user).hex()

    async def _proof(
        self, identity: str, erasure: Erasure, state: ErasureState, erased_us: int | None
    ) -> Proof:
        digest = await self._digest(erasure.user)
        return Proof(identity, digest, erasure.requested_us, state, erased_us, erasure.counts)
