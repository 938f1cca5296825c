"""A month made up: readers come, look down their feed, click what they like, and the site learns.

Papers are listed every day and lose interest slowly. On each visit the feed is ranked as served: the
model of this morning, the votes, the reader's own profile of a moment ago. Of its 20 places the reader
looks at one after the other with falling probability, and clicks what they want: by a taste that nothing
else knows of, and a mood towards each item, half of which never changes. Of what they click they vote
for a third. All 20 are logged as impressions. Every night the worker trains.

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
from workers.training.candidate import RoundParams, carry_out
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.training import gather

_PAGE = 20
_SUBJECTS, _WORDS = 24, 40
_VOTES = 0.33  # of what is clicked


class MonthParams(msgspec.Struct, frozen=True):
    """What happens.

    Attributes:
        comes: how likely a reader comes on a day.
        begun_with, born: items that are there on the first day, and that each day brings.
        life_days: in which interest in an item halves.
        eagerness: how often what is looked at is clicked, where taste and quality are the best.
        steady: how likely what was not wanted once is judged the same when it is looked at again.
        seed: of everything.
    """

    days: int = 30
    readers: int = 150
    comes: float = 0.5
    begun_with: int = 300
    born: int = 15
    life_days: float = 15.0
    eagerness: float = 1.0
    steady: float = 0.5
    seed: int = 0


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

    def __init__(self, params: MonthParams) -> None:
        p, rng = params, np.random.default_rng(params.seed)
        n = p.begun_with + p.born * p.days
        subjects = rng.integers(_SUBJECTS, size=n)
        quality = rng.beta(1.5, 4.0, n)
        liking = rng.dirichlet(np.full(_SUBJECTS, 0.12), p.readers)
        liking /= liking.max(axis=1, keepdims=True)
        self.mood = rng.random((p.readers, n))
        self.taste = (0.03 + 0.97 * liking[:, subjects]) * quality
        born_day = np.concatenate(
            [-rng.integers(30, size=p.begun_with), np.repeat(np.arange(p.days), p.born)]
        )
        self.listed_us = BEGAN_US + born_day * DAY_US
        own, idle = rng.integers(_WORDS, size=(2, n, 4))
        titles = [
            " ".join([*(f"subject{s}x{w}" for w in mine), *(f"word{w}" for w in others)])
            for s, mine, others in zip(subjects.tolist(), own.tolist(), idle.tolist(), strict=True)
        ]
        self.items = {
            row: StoredItem(id=f"i{row}", title=titles[row], created_us=at, listed_at=from_us(at))
            for row, at in enumerate(self.listed_us.tolist())
        }
        self.entries: list[tuple[object, ...]] = []
        self.told: dict[int, list[Entry]] = {}
        self.votes: dict[int, list[int]] = {}
        self.rng = rng

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


def month(params: MonthParams, how: RoundParams) -> Month:
    """Let a month pass."""
    p, site, served = params, _Site(params), None
    rng, kinds = site.rng, how.train.profile.kinds
    tastes = Tastes.of(how.train.profile)
    clicked: set[tuple[int, int]] = set()
    passed: set[tuple[int, int]] = set()
    visits = shown = again = 0
    best = 0.0
    looks = 0.9 ** np.arange(_PAGE)
    for day in range(p.days):
        now_us = BEGAN_US + day * DAY_US + 8 * HOUR_US
        catalogue = site.catalogue(day, now_us, how.blend)
        served = _trained(site, catalogue, served, how, now_us) if site.entries else None
        model = _model(served, catalogue, site)
        blend = how.blend.with_weights(model.weights)
        asked = Blend(model, common(catalogue, model, blend, now_us), blend)
        left = np.exp2(-np.maximum(now_us - site.listed_us, 0) / DAY_US / p.life_days)
        for who in np.flatnonzero(rng.random(p.readers) < p.comes).tolist():
            profile = profile_of(site.told.get(who, []), kinds)
            one = reader(profile, catalogue, tastes, now_us, None)
            ranking = _list(asked, one, catalogue, now_us)
            rows = arranged(
                ranking, catalogue, model, ArrangementParams(), seed_of(f"r{who}", now_us)
            )[0].rows[:_PAGE]
            chances = p.eagerness * site.taste[who] * left
            visits += 1
            anew = rng.random(catalogue.n) > p.steady
            mood = np.where(anew, rng.random(catalogue.n), site.mood[who, : catalogue.n])
            wants = mood < chances[: catalogue.n]
            wants[one.excluded] = False
            best += float(looks[: int(wants.sum())].sum())
            shown += len(rows)
            again += sum((who, row) in passed for row in rows.tolist())
            looked = rng.random(len(rows)) < looks[: len(rows)]
            wanted = wants[rows]
            for place, row in enumerate(rows.tolist()):
                site.tell(who, row, "impression", now_us)
                if looked[place] and wanted[place]:
                    clicked.add((who, row))
                    site.tell(who, row, "click", now_us)
                    if rng.random() < _VOTES:
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
            m = month(MonthParams(seed=seed, days=asked.days), RoundParams(train, BlendParams()))
            print(
                f"| {weight:g} | {seed} | {m.per_visit:.3f} | {m.best:.3f} | {m.coverage:.3f} "
                f"| {m.shown_again:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
