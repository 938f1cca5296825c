"""The manifests for Kubernetes: sound by its schemas, closed, of settings and calls that there are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from recsvc.cli import main
from recsvc.settings import Settings, environment_of
from tests.service import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "kubernetes"
OVERLAYS = ["one-machine", "cluster"]
VERSIONS = ["1.31", "1.34"]


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one is not None]


def built(overlay: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What an overlay makes, by kind and name: what it names, and its patches merged into that."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    folder = FOLDER / "overlays" / overlay
    for path in named(folder, "resources"):
        for one in documents(path):
            found[one["kind"], one["metadata"]["name"]] = one
    for path in named(folder, "patches"):
        for patch in documents(path):
            merge(found[patch["kind"], patch["metadata"]["name"]], patch)
    return found


def named(folder: Path, what: str) -> Iterator[Path]:
    (kustomization,) = documents(folder / "kustomization.yaml")
    for entry in kustomization.get(what, []):
        path = folder / (entry["path"] if isinstance(entry, dict) else entry)
        if path.is_dir():
            yield from named(path, what)
        else:
            yield path


def merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value)
        else:
            into[name] = value


def pods(made: dict[tuple[str, str], dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for (_, name), one in made.items():
        if "template" in one.get("spec", {}):
            yield name, one["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_resource_is_sound(overlay: str, version: str):
    for one in built(overlay).values():
        kubernetes_validate.validate(one, version, strict=True)


def test_every_file_is_named_by_a_kustomization():
    here = {path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml"}
    used = {
        path.resolve()
        for overlay in OVERLAYS
        for what in ("resources", "patches")
        for path in named(FOLDER / "overlays" / overlay, what)
    }
    assert used == here


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_is_closed_and_bounded(overlay: str):
    (uid,) = re.findall(r"^USER (\d+)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    for _, pod in pods(built(overlay)):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            if container["image"] == "recsvc":
                assert pod["securityContext"]["runAsUser"] == int(uid)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_commands_and_calls_exist(overlay: str):
    made = built(overlay)
    assert made["ConfigMap", "recsvc"]["data"].keys() <= environment_of(Settings()).keys()
    for _, pod in pods(made):
        for container in pod["containers"]:
            if container["image"] != "recsvc":
                continue
            command, *arguments = container["args"]
            main.main([command, "--help"], standalone_mode=False)
            assert arguments in ([], ["digest"])
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                path = container.get(probe, {}).get("httpGet", {}).get("path", "/health/live")
                assert path in ("/health/live", "/health/ready")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_selects_pods_finds_some(overlay: str):
    made = built(overlay)
    labels = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in made.values()
        if "template" in one.get("spec", {})
    ]
    for (kind, name), one in made.items():
        selector = one.get("spec", {}).get("selector") or one.get("spec", {}).get("podSelector")
        if selector:
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= found.items() for found in labels), (kind, name)
