"""The bill of materials lists what the lock installs, and under which licence."""

import re

from deploy.sbom import LOCK, bill, packages, table
from tests.service import REPOSITORY


def test_every_line_of_the_lock_is_in_the_bill_with_its_hashes_and_licence():
    lock = LOCK.read_text()
    pinned = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE)

    made = bill(lock, "1.2.3")

    assert made["bomFormat"] == "CycloneDX"
    components = made["components"]
    assert [(c["name"], c["version"]) for c in components] == pinned
    assert sum(len(c["hashes"]) for c in components) == lock.count("--hash=sha256:")
    assert len({c["bom-ref"] for c in components}) == len(components)
    assert all(c["licenses"][0]["license"]["name"] != "not said" for c in components)
    assert bill(lock, "1.2.3") == made, "the same lock, the same bill"


def test_the_page_of_licences_is_that_of_the_lock():
    page = (REPOSITORY / "docs" / "licences.md").read_text()

    lock = LOCK.read_text()
    listed = set(re.findall(r"^\| `([\w.-]+)` \|", page, re.MULTILINE))
    assert listed == {package.name for package in packages(lock)}
    assert table(lock).splitlines()[:4] == page.splitlines()[:4]
