"""Environment: from `RECSVC_*` to the settings, and from the settings to a child's environment."""

import difflib
import math
import os
from collections.abc import Mapping
from typing import Any

import msgspec

from recsvc.errors import RecsvcError, SettingsError
from recsvc.secret import Secret
from recsvc.settings.declared import PREFIX, Declared, declared_in, placed
from recsvc.settings.whole import Settings

# Every setting by its name, in the order they are declared.
DECLARED: dict[str, Declared] = {found.name: found for found in declared_in(Settings)}


def from_environment(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings.

    Args:
        environ: the process's environment if None.
        overrides: what the command line says, by the settings' names; None means it does not.

    Raises:
        SettingsError: for an unknown name or a value that does not fit, naming it.
    """
    given: dict[str, Any] = dict(_given(os.environ if environ is None else environ))
    given |= {name: value for name, value in overrides.items() if value is not None}
    settings = Settings()
    for name, value in given.items():
        setting = DECLARED[name]
        settings = placed(settings, setting.path, _fitting(setting, value))
    settings.check()
    return settings


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables that make a child process see the same settings."""
    return {setting.variable: setting.text(settings) for setting in DECLARED.values()}


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each setting that the environment names.

    Raises:
        SettingsError: for a name that no setting has.
    """
    found = {}
    for variable, text in environ.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            if name not in DECLARED or variable != DECLARED[name].variable:
                raise SettingsError(f"unknown setting {variable}{_suggestion(name)}")
            found[name] = text
    return found


def _fitting(setting: Declared, value: object) -> Any:
    """Return a value as its field takes it.

    Raises:
        SettingsError: when it does not fit.
    """
    try:
        if setting.is_json and isinstance(value, str):
            value = msgspec.json.decode(value or "{}")
        fitting = msgspec.convert(value, setting.type, strict=False, dec_hook=_secret)
        if isinstance(fitting, float) and not math.isfinite(fitting):
            raise ValueError(f"{fitting} is not a finite number")
        if setting.check is not None:
            setting.check(fitting)
    except (msgspec.MsgspecError, RecsvcError, ValueError) as exc:
        problem = str(exc).partition(" - at `$")[0]
        raise SettingsError(f"{setting.variable}: {problem}") from None
    return fitting


def _secret(wanted: type, value: object) -> object:
    """Make a secret of its text, for msgspec."""
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(wanted)


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, DECLARED, 1)
    return f"; did you mean {DECLARED[close[0]].variable}?" if close else ""
