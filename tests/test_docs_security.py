"""`docs/security.md` and what it says: its attacks are tests, its settings are settings."""

import re
from collections.abc import Iterator

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


def blocks() -> Iterator[str]:
    """What `docs/security.md` says, block by block: paragraphs, points of lists, rows of tables."""
    said = SECURITY.partition("## Shown by")[0]
    said = re.sub(r"^ *```.*?^ *```$", "\n", said, flags=re.MULTILINE | re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", said):
        rows = paragraph.strip().splitlines()
        if not rows or rows[0].startswith("#"):
            continue
        if rows[0].startswith("|"):
            yield from rows[2:]  # behind the head of the table
        else:
            yield from re.split(r"\n(?=(?:- |\d\. ))", paragraph.strip())


def sentences() -> Iterator[str]:
    """Every sentence of it, with the marks behind it; a row of a table is one."""
    for block in blocks():
        if block.startswith("|"):
            yield block
        else:
            flat = re.sub(
                r"`[^`]*`", lambda code: code[0].replace(". ", ".\0"), " ".join(block.split())
            )
            flat = re.sub(r"^\d\. ", "", flat)
            yield from re.split(r"(?<=[.\]]) (?!\[\^)(?=[A-Z`])", flat)


def test_every_sentence_on_security_names_what_shows_it():
    marks = dict(re.findall(r"^\[\^([\w-]+)\]: ((?:.|\n    )+)", SECURITY, re.MULTILINE))
    used: set[str] = set()
    for sentence in sentences():
        found = set(re.findall(r"\[\^([\w-]+)\]", sentence))
        assert found or re.search(r"`test_\w+`", sentence), f"nothing shows it: {sentence!r}"
        used |= found

    assert used == set(marks), "each mark is explained, and used"
    for mark, shown in marks.items():
        assert mark == "said" or re.search(r"`test_\w+`|`tests/[\w/]+\.py`", shown), mark


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)h#][^)]*)\)", SECURITY + PRIVACY):
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
