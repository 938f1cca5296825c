"""The inputs that are kept: each took a way through a target that none before it had taken.

One file per target, a list of base64 texts, the shortest first. `python -m tests.fuzzing --keep` adds
to it.
"""

import base64
import json
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
MOST_BYTES = 2_000


def kept(target: str) -> list[bytes]:
    """Return the inputs that are kept for a target."""
    path = FOLDER / f"{target}.json"
    return [base64.b64decode(one) for one in json.loads(path.read_text())] if path.exists() else []


def keep(target: str, inputs: set[bytes]) -> None:
    """Keep these inputs for a target, and no others; large ones are left out."""
    small = sorted(
        (one for one in inputs if len(one) <= MOST_BYTES), key=lambda one: (len(one), one)
    )
    texts = [base64.b64encode(one).decode() for one in small]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{target}.json").write_text(json.dumps(texts, indent=0) + "\n")
