"""`docs/security.md` and what it says: its attacks are tests, its settings are settings."""

import re

from recsvc.settings import DECLARED, Settings
from tests.service import REPOSITORY

SECURITY = (REPOSITORY / "docs" / "security.md").read_text()
PRIVACY = (REPOSITORY / "docs" / "privacy.md").read_text()


def test_every_attack_of_the_table_is_a_test_and_the_other_way_round():
    code = (REPOSITORY / "tests" / "api" / "test_attacks.py").read_text()

    tests = set(re.findall(r"^def (test_\w+)", code, re.MULTILINE))
    assert set(re.findall(r"\| `(test_\w+)` \|", SECURITY)) == tests


def test_settings_are_named_as_they_are():
    named = set(re.findall(r"RECSVC_([A-Z_]+)", SECURITY + PRIVACY))

    assert {name.lower() for name in named} <= set(DECLARED)


def test_defaults_are_those_in_force():
    for name, value in re.findall(r"\| `RECSVC_(LIMIT_\w+)` \|.*\| ([\w,]+) \|", SECURITY):
        expected = 0 if value == "none" else int(value.replace(",", ""))
        assert DECLARED[name.lower()].of(Settings()) == expected


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)h][^)]*)\)", SECURITY + PRIVACY):
        assert (REPOSITORY / "docs" / target).exists(), target


def test_every_test_that_the_threat_model_names_exists():
    threats = (REPOSITORY / "docs" / "threat-model.md").read_text()
    code = "\n".join(p.read_text() for p in (REPOSITORY / "tests").rglob("test_*.py"))
    tests = set(re.findall(r"def (test_\w+)", code))

    named = re.findall(r"`(test_\w+)`", threats + SECURITY + PRIVACY)
    assert named
    assert set(named) <= tests
    rows = [line for line in threats.splitlines() if line.startswith("| ")][1:]
    assert all("`test_" in row for row in rows), "each claim names what shows it"
    for file in re.findall(r"`(tests/[\w/]+\.py)`", SECURITY + PRIVACY + threats):
        assert (REPOSITORY / file).exists(), file
