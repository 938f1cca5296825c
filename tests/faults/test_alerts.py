"""Every alert watches a figure that there is, and has its paragraph for whoever is woken."""

import os
import re
import shutil
import subprocess

import pytest

from tests.service import REPOSITORY, Service

RULES = REPOSITORY / "deploy" / "prometheus" / "alerts.yml"
RUNBOOK = (REPOSITORY / "docs" / "operations.md").read_text()
NAMES = re.findall(r"alert: (\w+)", RULES.read_text())


@pytest.fixture(scope="module")
def promtool() -> str:
    """The path of promtool: tests skip without it, except in CI."""
    found = shutil.which("promtool")
    if found is None and os.environ.get("CI"):
        pytest.fail("no promtool on this machine, and CI requires it")
    if found is None:
        pytest.skip("no promtool on this machine")
    return found


def test_the_rules_are_sound(promtool: str):
    done = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(NAMES)} rules found" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_its_paragraph(name: str):
    assert re.search(rf"^### {name}\n\n\S", RUNBOOK, re.MULTILINE)
    assert f"runbook: docs/operations.md#{name.lower()}" in RULES.read_text()


def test_each_alert_watches_figures_that_there_are(service: Service):
    figures = service.http.get("/metrics").text
    declared = set(re.findall(r"^# TYPE (\w+)", figures, re.MULTILINE))
    families = declared | {f"{name}_count" for name in declared}
    # A model's age is there once a model is.
    families.add("recsvc_model_age_seconds")

    for expression in re.findall(r"expr: (.*)", RULES.read_text()):
        for name in re.findall(r"recsvc_\w+", expression):
            assert name in families, expression


def test_the_figures_are_as_prometheus_wants_them(promtool: str, service: Service):
    figures = service.http.get("/metrics").content
    command = [promtool, "check", "metrics"]
    done = subprocess.run(command, input=figures, capture_output=True)

    assert done.returncode == 0, done.stdout + done.stderr
