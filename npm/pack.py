"""`make npm`, or `python npm/pack.py FOLDER`: pack the elements and the client, as they are served.

What is served is what is packed: no build step stands between. The package's version is the service's.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import metadata
from pathlib import Path

from recsvc import __version__
from recsvc.api.embed.modules import STATIC

HERE = Path(__file__).parent
# What is served, and the name it has in the package.
_SERVED = {
    "v1.js": "embed/elements.js",
    "subscribe.js": "embed/subscribe.js",
    "client.js": "client.js",
    "client.d.ts": "client.d.ts",
}
_WRITTEN = ("elements.d.ts", "react.js", "react.d.ts", "vue.js", "vue.d.ts", "README.md")


def laid_out(folder: Path) -> None:
    """Write the package's files into a folder."""
    (folder / "embed").mkdir(parents=True, exist_ok=True)
    for served, name in _SERVED.items():
        shutil.copyfile(STATIC / served, folder / name)
    for name in _WRITTEN:
        shutil.copyfile(HERE / name, folder / name)
    shutil.copyfile(HERE.parent / "LICENSE", folder / "LICENSE")
    (folder / "package.json").write_text(json.dumps(_manifest(), indent=2) + "\n")


def packed(folder: Path, to: Path) -> Path:
    """Return the package, packed by npm."""
    laid_out(folder)
    to.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [shutil.which("npm") or "npm", "pack", "--json", "--pack-destination", str(to.absolute())],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return to / json.loads(done.stdout)[0]["filename"]


def _manifest() -> dict[str, object]:
    def entry(script: str, types: str) -> dict[str, str]:
        return {"types": f"./{types}", "default": f"./{script}"}

    return {
        "name": "recsvc-embed",
        "version": __version__,
        "description": "Lists, upvotes and subscriptions of a recsvc service in other people's pages.",
        "license": metadata("recsvc")["License-Expression"],
        "type": "module",
        "sideEffects": ["./embed/*.js"],
        "exports": {
            ".": entry("client.js", "client.d.ts"),
            "./elements": entry("embed/elements.js", "elements.d.ts"),
            "./subscribe": entry("embed/subscribe.js", "elements.d.ts"),
            "./react": entry("react.js", "react.d.ts"),
            "./vue": entry("vue.js", "vue.d.ts"),
        },
        "peerDependencies": {"react": ">=18", "vue": ">=3.3"},
        "peerDependenciesMeta": {"react": {"optional": True}, "vue": {"optional": True}},
    }


if __name__ == "__main__":
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "dist"
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(f"{packed(Path(folder), to)}\n")
