"""Tuning: what of ranking is otherwise than usual, for one list or one variant of an experiment.

That is settings, and the model. What is tuned stands as it says: also a voice's weight that training has
learned.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from recsvc.core.ranking.arrangement import ArrangementParams
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voices import check_names
from recsvc.errors import InvalidError, SettingsError

Changes = tuple[tuple[str, float], ...]

SNAPSHOT = "snapshot"

_WEIGHTS = "voice_weights"


class Tuning(msgspec.Struct, frozen=True):
    """What is otherwise; hashable.

    Attributes:
        blend, arrangement: fields with their values.
        weights: of voices without a field of their own.
        snapshot: which model ranks; None: the one that is served.
    """

    blend: Changes = ()
    weights: Changes = ()
    arrangement: Changes = ()
    snapshot: str | None = None

    def of_blend(self, params: BlendParams) -> BlendParams:
        """Return how loud each voice speaks then.

        Args:
            params: with what was learned.
        """
        if not self.blend and not self.weights:
            return params
        weights = params.weights | dict(self.weights)
        return msgspec.structs.replace(params, **dict(self.blend), weights=weights)

    def of_arrangement(self, params: ArrangementParams) -> ArrangementParams:
        """Return how a list is arranged then."""
        return msgspec.structs.replace(params, **dict(self.arrangement))

    def and_then(self, other: "Tuning") -> "Tuning":
        """Return both, where they differ as the other says."""
        both = [(self.blend, other.blend), (self.weights, other.weights)]
        both.append((self.arrangement, other.arrangement))
        blend, weights, arrangement = (tuple(sorted((dict(a) | dict(b)).items())) for a, b in both)
        return Tuning(blend, weights, arrangement, other.snapshot or self.snapshot)


AS_USUAL = Tuning()


def tunable() -> dict[str, str]:
    """Return the settings that may be tuned, in lower case, with what they mean."""
    return {name: meta.description or "" for name, (_, _, meta) in _tunable().items()}


def settings_in(text: str, of: str) -> dict[str, Any]:
    """Return settings that somebody typed as a JSON object; none where nothing stands.

    Args:
        of: whose they are, for people.

    Raises:
        InvalidError: when it is none.
    """
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as exc:
        raise InvalidError(
            f"the settings of {of!r} are no JSON object: {exc}", "settings"
        ) from None


def tuning(settings: Mapping[str, Any]) -> Tuning:
    """Return what settings say, by their names in lower case; `snapshot` names a model.

    Raises:
        InvalidError: when there is no such setting to tune, or it cannot be that.
    """
    found, snapshot = _tunable(), None
    told: dict[str, dict[str, float]] = {"blend": {}, "weights": {}, "arrangement": {}}
    for name, value in settings.items():
        if name == SNAPSHOT:
            snapshot = _id_in(value)
            continue
        if name not in found:
            known = ", ".join((*found, SNAPSHOT))
            raise InvalidError(f"{name!r} is none of {known}", "settings")
        where, field, meta = found[name]
        try:
            fitted = msgspec.convert(value, (meta.extra or {})["type"])
        except msgspec.ValidationError as exc:
            raise InvalidError(f"{name}: {exc}", "settings") from None
        if name == _WEIGHTS:
            told["weights"] |= fitted
        else:
            told[where][field] = fitted
    try:
        check_names(BlendParams(weights=told["weights"]))
    except SettingsError as exc:
        raise InvalidError(str(exc).removeprefix("RECSVC_"), "settings") from None
    blend, weights, arrangement = (tuple(sorted(one.items())) for one in told.values())
    return Tuning(blend, weights, arrangement, snapshot)


def _id_in(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidError(f"{SNAPSHOT}: {value!r} is no id of a model", "settings")
    return value


def _tunable() -> dict[str, tuple[str, str, msgspec.Meta]]:
    """Return, by the name of a setting, its struct, its field, and what is declared of it."""
    found = {}
    for where, struct in (("blend", BlendParams), ("arrangement", ArrangementParams)):
        for field, declared, meta in _declared(struct):
            extra = {**(meta.extra or {}), "type": declared}
            name = extra.get("name") or field
            found[name] = (where, field, msgspec.Meta(description=meta.description, extra=extra))
    return found


def _declared(struct: type[msgspec.Struct]) -> Iterator[tuple[str, Any, msgspec.Meta]]:
    for field in msgspec.structs.fields(struct):
        for meta in getattr(field.type, "__metadata__", ()):
            if (meta.extra or {}).get("setting"):
                yield field.name, field.type, meta
