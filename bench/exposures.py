"""What noting exposures costs a serving process: `python -m bench.exposures`.

The same calls on the same data, with nobody's lists noted and with everybody's, turn by turn, as
multiples of the bare route's processor time in the same run.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

from bench.__main__ import BARE, FEED, RESTING, prepare
from bench.costs import AGAIN, ANY_MODEL, cost
from tests.service import Service

_ITEMS, _READERS = 10_000, 2_000
CALLS = {"feed, a reader after another": FEED % (_READERS - 1, ""), "the same 20 readers": AGAIN}


def main() -> None:
    """Drive each call with and without, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        first = Service(folder, train_pause_s=600, **ANY_MODEL).start()
        prepare(first, _ITEMS, _READERS)
        first.stop()
        found: dict[tuple[str, int], list[float]] = {}
        for n in range(asked.rounds):
            for share in (0, 1) if n % 2 else (1, 0):  # neither is always the later one
                for name, ratio in ratios(folder, share, asked.seconds).items():
                    found.setdefault((name, share), []).append(ratio)
    for name in CALLS:
        without, noted = (median(found[name, share]) for share in (0, 1))
        print(f"{name}: {without:.2f} -> {noted:.2f} of the bare route, {noted / without - 1:+.1%}")


def ratios(folder: Path, share: int, seconds: float) -> dict[str, float]:
    """Return what each call costs, as a multiple of the bare route."""
    service = Service(folder, **RESTING, **ANY_MODEL, exposure_share=share).start()
    try:
        bare = cost(service, BARE, seconds).us["api"]
        return {
            name: cost(service, script, seconds).us["api"] / bare for name, script in CALLS.items()
        }
    finally:
        service.stop()


if __name__ == "__main__":
    main()
