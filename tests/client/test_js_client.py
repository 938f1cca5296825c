"""client.js as Node and TypeScript see it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from recsvc.api.embed.modules import STATIC
from tests.service import Service

HERE = Path(__file__).parent


def test_it_keeps_its_promises_in_node(service: Service, node: str, tmp_path: Path):
    module = tmp_path / "recsvc.mjs"
    module.write_bytes(service.http.get("/embed/client.js").content)

    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", HERE / "client.test.mjs"],
        env=os.environ | {"RECSVC_URL": str(service.http.base_url), "RECSVC_CLIENT": str(module)},
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_its_types_are_those_of_its_calls(node: str, node_modules: Path):
    for source in (STATIC / "client.js", STATIC / "client.d.ts", HERE / "usage.ts"):
        shutil.copy(source, node_modules)

    done = subprocess.run(
        [
            node, "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--target", "es2022",
            "--module", "nodenext", "--lib", "es2022,dom", "usage.ts",
        ],
        cwd=node_modules, capture_output=True, text=True, timeout=90,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
