"""Settings: every one can be set, is named when it does not fit, and reaches the processes below."""

import math
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
import pytest

from recsvc.errors import SettingsError
from recsvc.secret import Secret
from recsvc.settings import DECLARED, Declared, Settings, environment_of, from_environment

EVERY = pytest.mark.parametrize("setting", DECLARED.values(), ids=DECLARED)

# Text for which anything will do.
FREE = {
    "data_dir", "fetch_contact", "host", "public_extra", "secrets_key_file", "smtp_host",
    "smtp_password", "smtp_user",
}  # fmt: skip


def bounds_of(setting: Declared) -> tuple[Any, dict[str, Any]]:
    """The bare type of a setting and its bounds."""
    bare, *metas = get_args(setting.type)
    names = ("ge", "gt", "le", "lt", "max_length", "min_length", "pattern")
    return bare, {n: getattr(m, n) for m in metas for n in names if getattr(m, n) is not None}


def out_of_range(setting: Declared) -> Iterator[str]:
    """Texts that the setting cannot be."""
    bare, bounds = bounds_of(setting)
    if bare in (int, float):
        yield from ("", "many", "nan", "inf", "-inf")
        yield from (str(bounds[n] - 1) for n in ("ge", "gt") if n in bounds)
        yield from (str(bounds[n] + 1) for n in ("le", "lt") if n in bounds)
        yield from (str(bounds[n]) for n in ("gt", "lt") if n in bounds)
    elif bare is bool or get_origin(bare) not in (None, dict, tuple):
        yield from ("", "perhaps")
    elif get_origin(bare) is tuple:
        yield from ("{}", "[", "[1]", '"*"')
    elif get_origin(bare) is dict:
        yield from ("[]", "{", '{"hide": {}}', '{"click": "nonsense"}')
    else:
        if "max_length" in bounds:
            yield "x" * (bounds["max_length"] + 1)
        if "min_length" in bounds:
            yield ""
        if "pattern" in bounds or setting.check is not None:
            yield "no such\x00thing"


@EVERY
def test_a_value_out_of_range_is_refused_by_its_own_name(setting: Declared):
    wrong = list(out_of_range(setting))
    assert bool(wrong) != (setting.name in FREE)

    for text in wrong:
        with pytest.raises(SettingsError, match=f"^{setting.variable}: ") as refused:
            from_environment({setting.variable: text})
        assert "\n" not in str(refused.value)


def another(setting: Declared) -> Any:
    """A value that fits and is not the default."""
    bare, bounds = bounds_of(setting)
    default = setting.of(Settings())
    if bare is bool:
        return not default
    if bare is int:
        return default + 1 if default + 1 <= bounds.get("le", math.inf) else default - 1
    if bare is float:
        return default / 2 if default else 0.5
    if get_origin(bare) is dict:
        known = {"voice_weights": "fresh", "trust_on_boards": "page", "trust_in_training": "page"}
        name = known.get(setting.name, "share")  # one that adds up
        return {"like": name} if get_args(bare)[1] is str else {name: 0.7}
    if get_origin(bare) is tuple:
        return ("upvote", "click")
    if get_args(bare):
        return next(one for one in get_args(bare) if one != default)
    texts = {
        "cors_origins": "https://a.example",
        "mail_from": "papers@example.org",
        "redis_url": "redis://elsewhere:6379/1",
        "secrets_key": "k" * 32,
        "timezone": "Europe/Berlin",
        "trusted_proxies": "10.0.0.0/8",
        "gorse_path": "/api",
        "image_origins": "https://a.example",
        "site_colour": "#123456",
        "site_logo": "logo.svg",
        "mail_return_path": "bounces+{token}@example.org",
    }
    text = "https://a.example/" if setting.name.endswith("_url") else "something"
    text = texts.get(setting.name, text)
    return Secret(text) if bare is Secret else text


@EVERY
def test_what_is_set_reaches_its_field_alone_and_the_processes_below(setting: Declared):
    value = another(setting)
    text = value.reveal() if isinstance(value, Secret) else value
    text = text if isinstance(text, str) else msgspec.json.encode(text).decode()

    settings = from_environment({setting.variable: text})

    assert setting.of(settings) == value
    others = [one for one in DECLARED.values() if one is not setting]
    assert all(one.of(settings) == one.of(Settings()) for one in others)
    assert from_environment(environment_of(settings)) == settings


def test_what_the_command_line_says_comes_before_the_environment():
    settings = from_environment({"RECSVC_PORT": "1", "RECSVC_HOST": "a"}, port=2, host=None)

    assert (settings.port, settings.host) == (2, "a")


@pytest.mark.parametrize("name", ["RECSVC_PROT", "RECSVC_port", "recsvc_port", "RECSVC_"])
def test_a_name_that_no_setting_has_is_refused_with_the_nearest(name: str):
    if name.startswith("recsvc"):
        assert from_environment({name: "1"}) == Settings(), "another program's"
        return
    with pytest.raises(SettingsError, match=name) as refused:
        from_environment({name: "1"})
    if name != "RECSVC_":
        assert "RECSVC_PORT" in str(refused.value)


def test_secrets_are_in_no_text_about_the_settings():
    url = "redis://:hunter2@elsewhere:6379"
    settings = from_environment({"RECSVC_SMTP_PASSWORD": "hunter2", "RECSVC_REDIS_URL": url})

    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str([one.shown(settings) for one in DECLARED.values()])
    assert settings.store_url == url


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"GORSE_FEEDBACK": '{"buy": "purchase"}'}, "GORSE_FEEDBACK"),
        ({"KIND_WEIGHTS": '{"impression": 1}'}, "KIND_WEIGHTS"),
        ({"KIND_UNITS": '{"purchase": 20}'}, "KIND_UNITS"),
        ({"KIND_UNITS": '{"upvote": 1}'}, "KIND_UNITS"),
        ({"KIND_UNITS": '{"click": -1}'}, "KIND_UNITS"),
        ({"TRENDING_KINDS": '{"upvote": 1}'}, "TRENDING_KINDS"),
        ({"TRENDING_KINDS": '{"unsave": 1}'}, "TRENDING_KINDS"),
        ({"TRENDING_KINDS": '{"clck": 1}'}, "TRENDING_KINDS"),
        ({"TRENDING_KINDS": '{"click": 0}'}, "TRENDING_KINDS"),
        ({"OFF_FEED_KINDS": '["purchase"]'}, "OFF_FEED_KINDS"),
        ({"OFF_FEED_KINDS": '["unvote"]'}, "OFF_FEED_KINDS"),
        ({"OFF_FEED_KINDS": '["impression"]', "KIND_WEIGHTS": '{"purchase": 1}'}, "OFF_FEED_KINDS"),
        ({"SMTP_HOST": "elsewhere", "SMTP_USER": "me", "SMTP_TLS": "none"}, "SMTP_TLS"),
    ],
)
def test_settings_that_do_not_fit_together_name_the_one_to_change(variables: dict, named: str):
    with pytest.raises(SettingsError, match=f"^RECSVC_{named}: "):
        from_environment({f"RECSVC_{name}": text for name, text in variables.items()})


@pytest.mark.parametrize(
    ("given", "meant"),
    [("trendin", "trending"), ("persnal", "personal")],
)
def test_a_weight_of_a_voice_that_there_is_none_of_stops_the_start(given: str, meant: str):
    with pytest.raises(SettingsError, match=f"no voice '{given}'; did you mean '({meant})'"):
        from_environment({"RECSVC_VOICE_WEIGHTS": f'{{"{given}": 2}}'})
