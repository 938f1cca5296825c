"""Alerts, dashboard and page speak of figures that there are, and each alert has its paragraph."""

import json
import re
import shutil
import subprocess

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.service import REPOSITORY, Service, wait_until
from tests.tools import required

RULES = REPOSITORY / "deploy" / "prometheus" / "alerts.yml"
RUNBOOK = (REPOSITORY / "docs" / "operations.md").read_text()
DASHBOARD = REPOSITORY / "deploy" / "grafana" / "recsvc.json"
PAGE = REPOSITORY / "docs" / "metrics.md"
NAMES = re.findall(r"alert: (\w+)", RULES.read_text())


@pytest.fixture(scope="module")
def promtool() -> str:
    return required("promtool")


def test_the_rules_are_sound(promtool: str):
    done = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(NAMES)} rules found" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_its_paragraph(name: str):
    assert re.search(rf"^### {name}\n\n\S", RUNBOOK, re.MULTILINE)
    assert f"runbook: docs/operations.md#{name.lower()}" in RULES.read_text()


def documented() -> dict[str, tuple[str, str, str]]:
    """What the page says of each figure: its type, its label, its meaning."""
    lines = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: (kind, label.strip(" `"), meaning) for name, kind, label, meaning in lines}


def dashboard_queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def test_the_page_says_of_every_figure_what_it_is(service: Service):
    service.put("measured")
    service.act("measuring", "upvote", "measured")
    service.settled()
    service.feed("measuring")
    page = documented()

    found = list(text_string_to_metric_families(service.http.get("/metrics").text))
    ours = [one for one in found if one.name.startswith("recsvc_")]
    shown = {one.name + "_total" * (one.type == "counter"): one for one in ours}
    made = {name: one for name, one in shown.items() if not name.endswith("_created")}

    # A model's age is there once a model is, and mails' figures with mail.
    assert set(made) | {"recsvc_model_age_seconds"} == set(page)
    for name, family in made.items():
        kind, label, meaning = page[name]
        assert (kind, meaning) == (family.type, family.documentation)
        labels = {key for sample in family.samples for key in sample.labels} - {"le"}
        assert labels <= {label}, name


def test_alerts_and_dashboard_watch_figures_that_there_are():
    page = documented()
    asked = [*re.findall(r"expr: (.*)", RULES.read_text()), *dashboard_queries()]

    assert len(asked) > 40
    for query in asked:
        for name in re.findall(r"recsvc_\w+", query):
            family = re.sub("_(bucket|count)$", "", name)
            assert (family if page.get(family, ("",))[0] == "histogram" else name) in page, query
            for labels in re.findall(r"by \(([\w, ]+)\)", query):
                assert set(labels.split(", ")) <= {page[family][1], "le"}, query
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        assert panel["type"] == "row" or (panel["title"] and panel["description"])


def test_the_dashboards_queries_can_be_asked(promtool: str, tmp_path):
    sound = [query.replace("$__rate_interval", "5m") for query in dashboard_queries()]
    rules = [{"record": f"asked:{n}", "expr": query} for n, query in enumerate(sound)]
    file = tmp_path / "asked.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))

    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_reads_its_settings(promtool: str, tmp_path):
    shutil.copytree(RULES.parent, tmp_path / "prometheus")
    (tmp_path / "prometheus" / "key").write_text("a key")
    file = tmp_path / "prometheus" / "prometheus.yml"

    done = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    compose = yaml.safe_load((REPOSITORY / "deploy" / "compose.yaml").read_text())
    targets = yaml.safe_load(file.read_text())["scrape_configs"][0]["static_configs"][0]["targets"]
    assert {target.partition(":")[0] for target in targets} <= set(compose["services"])


def test_the_figures_are_as_prometheus_wants_them(promtool: str, service: Service):
    figures = service.http.get("/metrics").content
    command = [promtool, "check", "metrics"]
    done = subprocess.run(command, input=figures, capture_output=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_of_several_processes_each_marks_its_own_figures(new_service):
    service = new_service(api_processes=2).start()
    service.put("seen-by-both")
    counts: dict[str, float] = {}

    def both_answered() -> bool:
        service.act("somebody", "click", "seen-by-both")
        families = text_string_to_metric_families(
            httpx.get(f"{service.http.base_url}/metrics").text
        )
        samples = [s for one in families for s in one.samples if s.name == "recsvc_events_total"]
        of_one = {s.labels["process"] for s in samples}
        assert len(of_one) == 1
        n = sum(s.value for s in samples)
        assert n >= counts.get(*of_one, 0.0), "a count never falls"
        counts[of_one.pop()] = n
        return len(counts) == 2

    wait_until(both_answered, "an answer of each process", 20)
