"""Both engines on the same made-up sites: what the gate foresees of each, and how long a round takes.

    python -m bench.engines --master 'local[2]'      (needs `make spark`)

NDCG@20 of the whole blend as it is set, on the readers of the latest slice, whom neither trial has seen.
"""

import argparse
import tempfile
import time
from pathlib import Path

import msgspec

from bench.goals.sites import LIBRARY, NEWS, opening_us, site
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import ProfileParams
from workers.log.archive import Archive
from workers.training.candidate import RoundParams, carry_out
from workers.training.gathering import ElsewhereMaterial
from workers.training.params import AlsParams, LearnParams, SparkParams, TrainParams
from workers.training.scratch import Scratch
from workers.training.spark.rounds import steps
from workers.training.training import Material


def elsewhere(material: Material, folder: Path) -> ElsewhereMaterial:
    """Return the same with its log in a file."""
    file = Archive(folder).write(material.events, {}, material.now_us)
    known = msgspec.structs.asdict(material) | {"events": material.events.clear()}
    return ElsewhereMaterial(**known, files=[file], n_logged=material.events.height, is_keyed=True)


def main() -> None:
    """Train on each site with each engine, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    asked = parser.parse_args()
    learn = LearnParams(als=AlsParams(threads=1))
    how = RoundParams(
        TrainParams(ProfileParams(), learn), BlendParams(), search_s=0, learns_weights=False
    )
    print("| site | events | readers asked | implicit | Spark | against | implicit, s | Spark, s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, kind in (("library", LIBRARY), ("news", NEWS)):
        for seed in asked.seeds:
            made_up = site(msgspec.structs.replace(kind, seed=seed))
            material = made_up.until(opening_us(made_up.days))
            with tempfile.TemporaryDirectory() as folder:
                spread = elsewhere(material, Path(folder) / "archive")
                on_cluster = steps(SparkParams(asked.master), Scratch(Path(folder) / "spark"))
                found, took_s = [], []
                for once, given in ((carry_out, material), (on_cluster.carry_out, spread)):
                    began_s = time.monotonic()
                    done = once(given, None, None, how, time.monotonic)
                    took_s.append(time.monotonic() - began_s)
                    found.append(done.candidate.manifest.verdict)
            ours, theirs = (verdict.foreseen for verdict in found)
            print(
                f"| {name} {seed} | {material.events.height:,} | {found[0].n_readers} "
                f"| {ours:.4f} | {theirs:.4f} | {theirs / ours - 1:+.1%} "
                f"| {took_s[0]:.0f} | {took_s[1]:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
