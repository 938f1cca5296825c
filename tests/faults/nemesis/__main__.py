"""`python -m tests.faults.nemesis --rounds 200`: a site is broken again and again.

Every fault comes once, then by chance; the printed seed given as `--seed` does the same again.
"""

import argparse
import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.faults.nemesis.faults import Fault, possible
from tests.faults.nemesis.rounds import Rounds
from tests.faults.nemesis.site import Site
from tests.faults.servers import small_disk

_DISK_MB = 512


def main() -> None:
    """Run the rounds, print a table by fault, and exit with 1 at the first that comes out wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10**6)
    parser.add_argument("--seed", default=str(time.time_ns() % 10**6))
    parser.add_argument("--only", nargs="*", default=[], help="names of faults")
    asked = parser.parse_args()
    say = partial(print, flush=True)
    say(f"seed {asked.seed}")
    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        is_small = os.geteuid() == 0
        if is_small:
            stack.enter_context(small_disk(top / "disk", _DISK_MB))
        known = [
            f for f in possible(is_small=is_small) if f.__name__ in asked.only or not asked.only
        ]
        rounds = Rounds(Site(top / "disk", asked.seed), say)
        faults = itertools.islice(_chosen(known, random.Random(asked.seed)), asked.rounds)
        rounds.run(faults, 60 * asked.minutes)
    say(rounds.table())
    if rounds.wrong:
        say(rounds.told())
    sys.exit(1 if rounds.wrong else 0)


def _chosen(known: list[Fault], rng: random.Random) -> Iterator[Fault]:
    yield from known
    while True:
        yield rng.choice(known)


if __name__ == "__main__":
    main()
