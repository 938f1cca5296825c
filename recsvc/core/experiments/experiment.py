"""Experiments: who is in which, and in which variant - decided by a hash of the reader, kept nowhere.

A layer deals readers out once: of its experiments a reader is in one at most. Layers deal independently
of each other, so that a reader may be in one experiment of each; two of them never change the same
setting. Within an experiment another hash deals the variants. Whoever asks again, and whichever process
answers, gets the same, and a reader who was in one experiment is dealt anew in the next.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from recsvc.core.ranking.tuning import AS_USUAL, SNAPSHOT, Tuning, tuning
from recsvc.errors import ConflictError, InvalidError, NotFoundError

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$(?!\n)")]
Share = Annotated[float, Meta(gt=0, le=1)]

_MOST_VARIANTS = 8
# Models beside the one that is served, of all experiments together: each process holds them.
MOST_SNAPSHOTS = 2
_WHOLE = 2.0**64
_NEGLIGIBLE = 1e-9


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What some readers are shown.

    Attributes:
        weight: how many readers it gets, against the other variants.
        settings: ranking settings that are otherwise, by their names in lower case, and as `snapshot`
            the id of the model that ranks.
    """

    name: Name
    weight: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    settings: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def tuning(self) -> Tuning:
        """What it does to ranking."""
        return tuning(self.settings)


class Experiment(msgspec.Struct, frozen=True):
    """An experiment.

    Attributes:
        variants: the first is what the others are compared with.
        traffic: share of all readers.
        offset: of the layer's readers, from where on they are this experiment's.
        is_guarded: whether a variant ends by itself that is surely worse than the control.
        is_interleaved: whether each reader is shown one list of both variants.
        ends_us: None: until somebody stops it.
        stopped: variants that the guard has stopped, and why: their readers are in none since.
    """

    name: Name
    variants: tuple[Variant, ...]
    starts_us: int
    ends_us: int | None = None
    layer: Name = "main"
    traffic: Share = 1.0
    offset: float = 0.0
    is_guarded: bool = False
    is_interleaved: bool = False
    stopped: dict[str, str] = {}

    def is_running(self, at_us: int) -> bool:
        """Return whether readers are in it at an instant."""
        return self.starts_us <= at_us and not self.has_ended(at_us)

    def has_ended(self, at_us: int) -> bool:
        """Return whether it is over at an instant."""
        return self.ends_us is not None and self.ends_us <= at_us

    @property
    def snapshots(self) -> frozenset[str]:
        """The models that its variants name."""
        return frozenset(
            one.settings[SNAPSHOT] for one in self.variants if SNAPSHOT in one.settings
        )

    def shares(self) -> list[float]:
        """Return what share of the experiment's readers each variant gets."""
        total = sum(one.weight for one in self.variants)
        return [one.weight / total for one in self.variants]

    def has(self, reader: str) -> bool:
        """Return whether a reader is in it while it runs."""
        return 0 <= _point(self.layer, reader) - self.offset < self.traffic

    def variant_of(self, reader: str) -> Variant | None:
        """Return in which variant a reader is while it runs; None for those who are in none."""
        if not self.has(reader):
            return None
        at = _point(f"{self.layer}/{self.name}", reader)
        for one, share in zip(self.variants, self.shares(), strict=True):
            at -= share
            if at < 0:
                return one
        return self.variants[-1]  # what rounding left

    def without(self, worse: Mapping[str, str], at_us: int) -> "Experiment":
        """Return the same with some variants stopped, each with why; over, if none is left to try."""
        stopped = {**self.stopped, **worse}
        is_over = self.is_interleaved or len(stopped) >= len(self.variants) - 1
        ends_us = at_us if worse and is_over else self.ends_us
        return msgspec.structs.replace(self, stopped=stopped, ends_us=ends_us)

    def variant(self, name: str) -> Variant:
        """Return a variant.

        Raises:
            NotFoundError: when there is none of this name.
        """
        for one in self.variants:
            if one.name == name:
                return one
        raise NotFoundError(f"the experiment {self.name!r} has no variant {name!r}")


# Experiments that a reader is in, each with their variant; None where they see both in one list.
Dealt = list[tuple[Experiment, Variant | None]]


class Trial(msgspec.Struct, frozen=True):
    """What a list is made with for a reader who is in experiments.

    Attributes:
        variants: `experiment=variant`, in the order of experiments' names.
        rival: with which tuning every other pick of an interleaved list is made; None of others.
    """

    variants: tuple[str, ...] = ()
    tuning: Tuning = AS_USUAL
    rival: Tuning | None = None


NO_TRIAL = Trial()
INTERLEAVED = "interleaved"


def dealt(reader: str, experiments: Iterable[Experiment], at_us: int) -> Dealt:
    """Return the experiments that a reader is in at an instant, each with their variant.

    Args:
        experiments: in the order of names.
    """
    found: Dealt = []
    for one in experiments:
        if one.is_running(at_us) and one.has(reader):
            variant = None if one.is_interleaved else one.variant_of(reader)
            if variant is None or variant.name not in one.stopped:
                found.append((one, variant))
    return found


def trial(found: Dealt) -> Trial:
    """Return what lists are made with that are of some variants; one interleaved at most."""
    tuned, both, names = AS_USUAL, None, []
    for one, variant in found:
        if variant is None:
            both = one.variants
        else:
            tuned = tuned.and_then(variant.tuning)
        names.append(f"{one.name}={INTERLEAVED if variant is None else variant.name}")
    if both is None:
        return Trial(tuple(names), tuned)
    return Trial(tuple(names), *(tuned.and_then(variant.tuning) for variant in both))


def forced(wanted: Iterable[str], experiments: Sequence[Experiment]) -> Trial:
    """Return what `experiment=variant`s say, whoever asks and whether or not they run.

    Raises:
        InvalidError: when one is no such pair.
        NotFoundError: when there is no such experiment, or variant.
    """
    by_name = {one.name: one for one in experiments}
    found: Dealt = []
    for text in wanted:
        name, is_pair, variant = text.strip().partition("=")
        if not is_pair:
            raise InvalidError(f"{text!r} is not experiment=variant", "X-Recsvc-Variant")
        if name not in by_name:
            raise NotFoundError(f"there is no experiment {name!r}")
        found.append((by_name[name], by_name[name].variant(variant)))
    return trial(found)


def placed(new: Experiment, others: Iterable[Experiment], at_us: int) -> Experiment:
    """Return an experiment with its place among those that run or will.

    Raises:
        InvalidError: when it makes no sense in itself.
        ConflictError: when its name is taken, its layer has no room, or another layer's changes the
            same setting.
    """
    _check(new)
    others = list(others)
    if any(one.name == new.name for one in others):
        raise ConflictError(f"there is an experiment {new.name!r} already")
    open_ones = [one for one in others if not one.has_ended(at_us)]
    for one in open_ones:
        if one.layer != new.layer and one.is_interleaved and new.is_interleaved:
            raise ConflictError(f"{one.name!r} interleaves lists in another layer")
        both = _changed(one) & _changed(new)
        if one.layer != new.layer and both:
            raise ConflictError(
                f"{one.name!r} in another layer changes {', '.join(sorted(both))}, too"
            )
    named = new.snapshots.union(*(one.snapshots for one in open_ones))
    if len(named) > MOST_SNAPSHOTS:
        raise ConflictError(
            f"experiments would name {len(named)} models; {MOST_SNAPSHOTS} are tried at a time"
        )
    offset = _room([one for one in open_ones if one.layer == new.layer], new.traffic)
    if offset is None:
        raise ConflictError(f"the layer {new.layer!r} has no {new.traffic:.0%} of its readers left")
    return msgspec.structs.replace(new, offset=offset)


def _check(new: Experiment) -> None:
    names = [one.name for one in new.variants]
    if not 2 <= len(names) <= _MOST_VARIANTS:
        raise InvalidError(f"an experiment has 2 to {_MOST_VARIANTS} variants", "variants")
    if len(set(names)) < len(names):
        raise InvalidError("two variants have the same name", "variants")
    if new.ends_us is not None and new.ends_us <= new.starts_us:
        raise InvalidError("it ends before it starts", "ends_at")
    for one in new.variants:
        tuned = tuning(one.settings)
        if new.is_interleaved and tuned.arrangement:
            raise InvalidError("only settings of the blend can be interleaved", "settings")
    if new.is_interleaved and len(names) != 2:
        raise InvalidError("two variants are interleaved, no more", "variants")


def _changed(experiment: Experiment) -> set[str]:
    return {name for one in experiment.variants for name in one.settings}


def _room(others: Iterable[Experiment], traffic: float) -> float | None:
    """Return from where on so much of a layer is free; None where nowhere."""
    at = 0.0
    for one in sorted(others, key=lambda one: one.offset):
        if one.offset - at >= traffic - _NEGLIGIBLE:
            return at
        at = max(at, one.offset + one.traffic)
    return at if at + traffic <= 1 + _NEGLIGIBLE else None


def _point(salt: str, reader: str) -> float:
    """Return where a hash puts a reader, evenly in [0, 1)."""
    digest = hashlib.blake2b(f"{salt}\n{reader}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _WHOLE
