"""A real service under load is broken in every way at hand, and keeps what it acknowledged.

`python -m tests.faults.nemesis --rounds 200` goes on for longer, and knows more faults.
"""

import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.nemesis import faults
from tests.faults.nemesis.rounds import Rounds
from tests.faults.nemesis.site import Site
from tests.faults.servers import small_disk

pytestmark = [pytest.mark.server, pytest.mark.alone, pytest.mark.timeout(400)]


def test_what_was_acknowledged_survives_whatever_breaks(tmp_path: Path):
    seed = os.environ.get("NEMESIS_SEED") or str(time.time_ns() % 10**6)
    print(f"NEMESIS_SEED={seed} does the same again")
    is_small = os.geteuid() == 0
    chosen = [faults.archive_file_damaged, faults.backup, faults.kill_a_part, faults.log_damaged]
    with ExitStack() as stack:
        if is_small:
            stack.enter_context(small_disk(tmp_path / "disk", 128))
            chosen.append(faults.disk_full)
        rounds = Rounds(Site(tmp_path / "disk", seed))
        rounds.run(chosen)
    print(rounds.table())

    assert not rounds.wrong, rounds.told()
