"""A month made up: readers come, look down their feed, click what they like, and the site learns.

What there is and how readers decide is `workers/simulation/world.py`, which `recsvc simulate` shares.
On each visit the feed is ranked as served: the model of this morning, the votes, the reader's own
profile of a moment ago. All 20 places are logged as impressions. Every night the worker trains.

`python -m bench.goals.month --seeds 1 2 --fatigue 0 2` prints clicks per visit with and without fatigue.
"""

import argparse
from typing import Any

import msgspec
import numpy as np
import polars as pl

from bench.goals.sites import BEGAN_US
from recsvc.clock import DAY_US, HOUR_US, from_us
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import EPOCH_US, BoardRow
from recsvc.core.model.model import Model, build, publish
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking.arrangement import ArrangementParams, arranged
from recsvc.core.ranking.blend import Blend, Ranking, common
from recsvc.core.ranking.exploration import seed_of
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.public_lists import Fading, cold_list
from recsvc.core.readers.events import Entry
from recsvc.core.readers.profile import ProfileParams, profile_of
from recsvc.core.readers.reader import Reader, Tastes, reader
from recsvc.core.text.terms import item_text, term_counts
from workers.log.schema import SCHEMA
from workers.simulation.world import PAGE, World, WorldParams, acted, clicks_at_best
from workers.training.candidate import RoundParams, carry_out
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.training import gather


class Month(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        visits: how many there were.
        clicks: all of them, one each (reader, item).
        coverage: share of the items that somebody clicked.
        shown_again: of the places shown, the share that held what the same reader passed over before.
        best: clicks per visit where all that the reader wants stands first.
    """

    visits: int
    clicks: int
    coverage: float
    shown_again: float
    best: float

    @property
    def per_visit(self) -> float:
        """Clicks per visit."""
        return self.clicks / max(self.visits, 1)


class _Site:
    """What is there, and what happened."""

    def __init__(self, params: WorldParams) -> None:
        self.rng = np.random.default_rng(params.seed)
        self.world = World(params, self.rng)
        self.listed_us = BEGAN_US + self.world.born_day * DAY_US
        self.items = {
            row: StoredItem(
                id=f"i{row}", title=self.world.titles[row], created_us=at, listed_at=from_us(at)
            )
            for row, at in enumerate(self.listed_us.tolist())
        }
        self.entries: list[tuple[object, ...]] = []
        self.told: dict[int, list[Entry]] = {}
        self.votes: dict[int, list[int]] = {}

    def tell(self, who: int, row: int, kind: str, at_us: int) -> None:
        """Log an event."""
        event = (f"r{who}", f"i{row}", kind, at_us, at_us)
        self.entries.append((0, len(self.entries) + 1, 0, *event, *[None] * 7))
        self.told.setdefault(who, []).append(Entry(*event))
        if kind == "upvote":
            self.votes.setdefault(row, []).append(at_us)

    def catalogue(self, day: int, now_us: int, params: BlendParams) -> Catalogue:
        """Return what is listed on a day, with the votes that stand."""
        made = Catalogue(lambda: now_us)
        half_lives_us = params.votes.half_lives_us()
        for row, item in self.items.items():
            if self.listed_us[row] > BEGAN_US + day * DAY_US:
                continue
            made.put(row, item)
            at_us = np.array(self.votes.get(row, []), np.float64)
            if len(at_us):
                scores = [
                    float(np.logaddexp2.reduce((at_us - EPOCH_US) / half)) for half in half_lives_us
                ]
                made.set_board(item.id, BoardRow(len(at_us), int(at_us.max()), tuple(scores), {}))
        return made


def month(params: WorldParams, how: RoundParams) -> Month:
    """Let a month pass."""
    p, site, served = params, _Site(params), None
    world, rng, kinds = site.world, site.rng, how.train.profile.kinds
    tastes = Tastes.of(how.train.profile)
    clicked: set[tuple[int, int]] = set()
    passed: set[tuple[int, int]] = set()
    visits = shown = again = 0
    best = 0.0
    for day in range(p.days):
        now_us = BEGAN_US + day * DAY_US + 8 * HOUR_US
        catalogue = site.catalogue(day, now_us, how.blend)
        served = _trained(site, catalogue, served, how, now_us) if site.entries else None
        model = _model(served, catalogue, site)
        blend = how.blend.with_weights(model.weights, model.half_at)
        asked = Blend(model, common(catalogue, model, blend, now_us), blend)
        for who in world.visitors(rng):
            profile = profile_of(site.told.get(who, []), kinds)
            one = reader(profile, catalogue, tastes, now_us, None)
            ranking = _list(asked, one, catalogue, now_us)
            rows = arranged(
                ranking, catalogue, model, ArrangementParams(), seed_of(f"r{who}", now_us)
            )[0].rows[:PAGE]
            visits += 1
            wanted = world.wanted(who, world.chances(who, day, one.excluded), rng)
            best += clicks_at_best(wanted)
            shown += len(rows)
            again += sum((who, row) in passed for row in rows.tolist())
            at_clicks, at_votes = (at.tolist() for at in acted(wanted[rows], rng))
            for place, row in enumerate(rows.tolist()):
                site.tell(who, row, "impression", now_us)
                if place in at_clicks:
                    clicked.add((who, row))
                    site.tell(who, row, "click", now_us)
                    if place in at_votes:
                        site.tell(who, row, "upvote", now_us)
                else:
                    passed.add((who, row))
    n_items = len(site.items)
    coverage = len({row for _, row in clicked}) / n_items
    return Month(visits, len(clicked), coverage, again / max(shown, 1), best / max(visits, 1))


def _list(asked: Blend, who: Reader, catalogue: Catalogue, now_us: int) -> Ranking:
    if len(who.rows):
        return asked.rank(who, catalogue.visible, 300)
    fading = Fading("month", asked.params.votes.half_life_us("month"), now_us)
    allowed = catalogue.visible.copy()
    allowed[who.excluded] = False
    return cold_list(catalogue, fading, allowed, 300, who)


def _trained(
    site: _Site, catalogue: Catalogue, served: Snapshot | None, how: RoundParams, now_us: int
) -> Snapshot | None:
    items = {row: site.items[row] for row in range(catalogue.n)}
    rows = {item.id: row for row, item in items.items()}
    log = pl.DataFrame(site.entries, schema=SCHEMA, orient="row")
    material = gather(log, items, rows, "month", now_us)
    done = carry_out(material, served, None, how, lambda: 0.0).candidate
    verdict: Any = done.manifest.verdict
    return done if verdict.passed else served


def _model(served: Snapshot | None, catalogue: Catalogue, site: _Site) -> Model:
    known = 0 if served is None else served.manifest.n_rows
    fresh = np.arange(known, catalogue.n)
    said = [site.items[row] for row in fresh.tolist()]
    counts = term_counts([item_text(i.title, i.text, i.topics) for i in said])
    return build(None if served is None else publish(served), catalogue.n, fresh, counts)


def main() -> None:
    """Let some months pass and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2])
    parser.add_argument(
        "--fatigue", type=float, nargs="*", default=[0.0, ProfileParams().fatigue.weight]
    )
    parser.add_argument("--half-life", type=float, default=ProfileParams().fatigue.half_life_days)
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args()
    print("| fatigue | seed | clicks per visit | of the best | clicked coverage | shown again |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for weight in asked.fatigue:
        tired = msgspec.structs.replace(
            ProfileParams().fatigue, weight=weight, half_life_days=asked.half_life
        )
        profile = msgspec.structs.replace(ProfileParams(), fatigue=tired)
        train = TrainParams(profile, LearnParams(als=AlsParams(threads=1)))
        for seed in asked.seeds:
            m = month(WorldParams(seed=seed, days=asked.days), RoundParams(train, BlendParams()))
            print(
                f"| {weight:g} | {seed} | {m.per_visit:.3f} | {m.best:.3f} | {m.coverage:.3f} "
                f"| {m.shown_again:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
