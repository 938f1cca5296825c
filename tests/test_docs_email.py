"""What docs/email.md repeats is what the code says."""

import re

import pytest

from recsvc.settings import DECLARED, Settings
from tests.service import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "email.md"
PREFIXES = ("digest_", "mail_", "smtp_", "subscribe_", "public_url", "item_url", "trusted_proxies")


def test_every_setting_of_mail_is_documented_with_its_default():
    rows = dict(re.findall(r"^\| `RECSVC_(\w+)` \| `?([^`|]*?)`? ?\|", DOCUMENT.read_text(), re.M))
    documented = {name.lower(): default.strip() for name, default in rows.items()}

    defaults = {
        name: setting.text(Settings())
        for name, setting in DECLARED.items()
        if name.startswith(PREFIXES)
    }
    assert set(documented) == set(defaults)
    for name, default in defaults.items():
        assert documented[name] == default, name


@pytest.mark.parametrize("path", re.findall(r"\]\(([\w./-]+\.md)\)", DOCUMENT.read_text()))
def test_what_it_links_to_is_there(path: str):
    assert (DOCUMENT.parent / path).is_file()
