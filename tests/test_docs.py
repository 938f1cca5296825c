"""What the documentation repeats of the code is true."""

import re
import tomllib

import click
import pytest
import yaml
from click.testing import CliRunner

from recsvc.api.app import create_app
from recsvc.cli import main
from recsvc.cli.settings import markdown_table
from recsvc.core.readers.kinds import KINDS, Role
from recsvc.settings import DECLARED, Settings
from recsvc.sources.extra_fields import MEANINGS
from recsvc.sources.formats import SOURCES
from recsvc.store import keys
from tests.service import REPOSITORY

DOCS = REPOSITORY / "docs"


def text(path: str) -> str:
    return (REPOSITORY / path).read_text()


def everything() -> dict[str, str]:
    """Every page of documentation, by path."""
    pages = [*DOCS.rglob("*.md"), *REPOSITORY.glob("*.md")]
    return {str(page.relative_to(REPOSITORY)): page.read_text() for page in pages}


def test_every_setting_is_in_the_table_with_its_default():
    assert markdown_table() in text("docs/configuration.md")


def test_every_setting_says_what_it_means():
    assert not [line for line in markdown_table().splitlines() if line.endswith("|  |")]


def test_the_table_of_kinds_is_the_codes():
    rows = re.findall(r"^\| (`.+?) \| .+? \| (-?\d+) \|$", text("docs/configuration.md"), re.M)
    documented = {k: float(w) for names, w in rows for k in re.findall(r"`(\w+)`", names)}
    expected = {n: 0.0 if k.role is Role.CLEAR else k.weight for n, k in KINDS.items()}

    assert documented.keys() == expected.keys()
    assert {n: documented[n] for n in expected if expected[n]} == {
        n: w for n, w in expected.items() if w
    }


def test_every_variable_that_the_docs_name_exists():
    known = {setting.variable for setting in DECLARED.values()}
    for path, page in everything().items():
        assert set(re.findall(r"RECSVC_[A-Z_]+[A-Z]", page)) <= known, path


def members(group: click.Group) -> dict[str, click.Command]:
    context = click.Context(group)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


def commands(group: click.Group, prefix: str = "recsvc") -> set[str]:
    found = set()
    for name, command in members(group).items():
        assert command.name == name
        found.add(f"{prefix} {name}")
        if isinstance(command, click.Group):
            found |= commands(command, f"{prefix} {name}")
    return found


def test_every_command_is_documented_and_every_documented_command_exists():
    pages = "\n".join(everything().values())
    known = commands(main)
    for command in known:
        assert any(f"{before}{command}" in pages for before in ("`", "    ", "\n")), (
            f"{command} is nowhere in the docs"
        )
    used = set(re.findall(r"(?:`|^ {4}|\$ )(recsvc [a-z][a-z-]+)(?=[\s`])", pages, re.M))
    assert used <= known


def test_every_route_that_the_docs_name_exists():
    routes = [
        re.compile("^" + re.sub(r"\{\w+(?::(\w+))?\}", _wildcard, route.path) + "/?$")
        for route in create_app(Settings()).routes
    ]
    for path, page in everything().items():
        for named in re.findall(r"(?:GET|POST|PUT|PATCH|DELETE) (/[^\s`?)\"',]*)", page):
            concrete = re.sub(r"\{\w+\}", "x", named).rstrip(".")
            assert any(r.match(concrete) for r in routes), f"{path}: {named}"


def _wildcard(match: re.Match[str]) -> str:
    return r".+" if match[1] == "path" else r"[^/]+"


def test_every_key_of_the_code_is_in_the_table_of_keys():
    table = keys.__doc__
    for name, value in vars(keys).items():
        if name.isupper() and isinstance(value, str) and value != keys.ANY:
            assert value in table, name
    for made in (keys.events(7), keys.dead(7), keys.profile(7, "u"), keys.shown(7, "u"),
                 keys.preferences(7, "u"), keys.readers(7), keys.names(7)):  # fmt: skip
        assert made.replace("{7}", "{s}").removesuffix(":u") in table.replace(":<user>", "")


def test_every_format_is_documented_in_the_order_they_are_asked():
    page = text("docs/importing.md").partition("## Formats")[2].partition("## ")[0]

    assert re.findall(r"^\| `([\w-]+)` \|", page, re.M) == [source.NAME for source in SOURCES]


def test_every_option_of_imports_is_documented():
    page = text("docs/importing.md")
    for command in members(members(main)["import"]).values():
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"`{option.opts[0]}`" in page, f"{command.name} {option.opts[0]}"


def test_what_importers_keep_in_extra_is_documented():
    page = text("docs/importing.md").partition("## What is kept")[2]

    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.M)) == MEANINGS


@pytest.mark.parametrize("path", sorted(everything()))
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", everything()[path]):
        assert ((REPOSITORY / path).parent / target).exists(), target


# What the pages of the house call a file or a folder: in full, or from `recsvc/` on.
_PATH = re.compile(r"`([\w./-]+(?:/|\.(?:py|lua|md|toml|js|html)))`")
_HOUSE = [
    "CONTRIBUTING.md",
    *(f"docs/{name}" for name in ("tour.md", "glossary.md")),
    *sorted(str(page.relative_to(REPOSITORY)) for page in (DOCS / "decisions").glob("*.md")),
]


@pytest.mark.parametrize("path", _HOUSE)
def test_every_file_that_the_pages_of_the_house_name_exists(path):
    for line in text(path).splitlines():
        named = _PATH.findall(line)
        # In a row of the tree, rooms are named from its folder on.
        roots = [REPOSITORY, REPOSITORY / "recsvc", *(REPOSITORY / first for first in named[:1])]
        for one in named:
            assert any((root / one).exists() for root in roots), one


def test_the_tour_leads_past_fourteen_files_at_most_and_to_ten_tasks():
    page = text("docs/tour.md")
    stations = re.findall(r"^\d+\. `(\S+?)`", page, re.M)

    assert 8 <= len(stations) <= 14
    assert (
        len(re.findall(r"^\| .+ \| .*`.+` .*\|$", page.partition("## Where to go")[2], re.M)) >= 10
    )


def test_decisions_are_numbered_without_gaps_and_as_they_call_themselves():
    pages = sorted((DOCS / "decisions").glob("*.md"))

    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        assert page.read_text().startswith(f"# {page.name[:4]} "), page.name


def test_every_dependency_says_why():
    project = tomllib.loads(text("pyproject.toml"))
    groups = project["dependency-groups"] | project["project"]["optional-dependencies"]
    declared = project["project"]["dependencies"] + [d for group in groups.values() for d in group]
    page = text("docs/dependencies.md")
    for requirement in declared:
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)[0]
        assert f"`{name}`" in page, f"{name} is not in docs/dependencies.md"


def test_locks_carry_hashes_and_name_no_address():
    locks = sorted(path.name for path in REPOSITORY.glob("requirements*.lock"))
    assert len(locks) > 3
    for lock in locks:
        content = text(lock)
        assert "://" not in content
        assert not re.search(r"^--(index|extra-index|find-links)", content, re.M)
        for block in re.split(r"\n(?=\S)", content.strip()):
            assert "--hash=sha256:" in block, block[:80]


def test_the_image_can_have_what_is_extra():
    (default,) = re.findall(r"^ARG LOCK=(\S+)$", text("Dockerfile"), re.M)
    offered = re.findall(r"LOCK=(\S+)$", text("Dockerfile"), re.M)
    extras = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]

    assert default == "requirements.lock"
    assert set(offered) == {default, "requirements-extras.lock"}
    assert set(offered) <= {line.lstrip("!") for line in text(".dockerignore").splitlines()}
    for requirement in [*extras["otel"], *extras["s3"]]:
        assert re.search(
            rf"^{requirement.partition('>')[0]}==", text("requirements-extras.lock"), re.M
        )


def test_the_image_runs_as_nobody_and_its_parts_are_real_commands():
    image = text("Dockerfile")
    compose = yaml.safe_load(text("deploy/compose.yaml"))

    assert re.search(r"^USER \d+$", image, re.M)
    assert "HEALTHCHECK" in image
    assert "--require-hashes" in image
    known = set(members(main))
    for name in ("api", "worker", "digest"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["command"][0] in known
    volumes = [compose["services"][name]["volumes"][0] for name in ("worker", "digest")]
    assert volumes[0] == volumes[1], "erasing a reader reaches the outbox"
    always = {name for name, one in compose["services"].items() if "profiles" not in one}
    assert always == {"api", "worker", "digest", "valkey"}


def test_the_readme_opens_with_the_two_commands():
    page = text("README.md")

    assert page.index("make run") < page.index("make test") < 1500


@pytest.mark.parametrize("command", [[], *[c.split()[1:] for c in sorted(commands(main))]])
def test_every_command_has_help_that_works(command):
    done = CliRunner().invoke(main, [*command, "--help"])

    assert done.exit_code == 0, done.output
    assert len(done.output) > 40
