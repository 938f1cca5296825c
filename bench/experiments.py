"""How often made-up experiments are called different, looked at each day: `python -m bench.experiments`.

Two alike must be so in at most 5 % of runs, at any time of looking; a tenth more must be found about as
often as is foretold of the last day.
"""

import argparse

import numpy as np

from tests.core.experiments.simulated import DAYS, experiment, guarded, interleaved

_CASES = [
    (experiment, 0.0, 300),
    (experiment, 0.0, 2_000),
    (experiment, 0.1, 2_000),
    (experiment, 0.1, 8_000),
    (experiment, 0.1, 20_000),
    (interleaved, 0.0, 2_000),
    (interleaved, 0.1, 800),
    (interleaved, 0.1, 2_000),
    (interleaved, 0.1, 4_000),
]


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    asked = parser.parse_args()
    for made, lift, readers in _CASES:
        found = [made(np.random.default_rng(n), lift, readers) for n in range(asked.runs)]
        flagged, covered, power = (
            np.mean([getattr(one, name) for one in found])
            for name in ("is_flagged", "is_covered", "power")
        )
        print(
            f"{made.__name__}, {lift:+.0%}, {readers:,} readers, {DAYS} days, {asked.runs:,} runs: "
            f"called different {flagged:.1%} (foretold {power:.1%}), the truth in the interval "
            f"throughout {covered:.1%}",
            flush=True,
        )
    stopped = [guarded(np.random.default_rng(n), 1_000, 14) for n in range(asked.runs)]
    print(
        f"guarded, alike, 1,000 readers, 14 days, {asked.runs:,} runs: a variant stopped in "
        f"{np.mean([bool(one) for one in stopped]):.1%}"
    )


if __name__ == "__main__":
    main()
