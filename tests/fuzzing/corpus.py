"""The inputs that are kept: each took a way through a target that none before it had taken.

One file per target, a list of base64 texts, the shortest first. `python -m tests.fuzzing --keep` adds
to it.
"""

import base64
import json
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
_MOST = 60
_MOST_BYTES = 2_000


def kept(target: str) -> list[bytes]:
    """Return the inputs that are kept for a target."""
    path = FOLDER / f"{target}.json"
    return [base64.b64decode(one) for one in json.loads(path.read_text())] if path.exists() else []


def keep(target: str, inputs: set[bytes]) -> None:
    """Keep some of these inputs for a target, of all lengths but the largest, and no others."""
    small = [one for one in inputs if len(one) <= _MOST_BYTES]
    small.sort(key=lambda one: (len(one), one))
    spread = small[:: max(1, -(-len(small) // _MOST))]
    texts = [base64.b64encode(one).decode() for one in spread]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{target}.json").write_text(json.dumps(texts, indent=0) + "\n")
