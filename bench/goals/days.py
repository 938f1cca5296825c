"""Prequential days: trained at the opening of a day, asked what its readers went for until the next.

The feed is ranked as served, with what the candidate of that day learned of the voices' weights; votes
and listings are as of the instants at which readers come, four times a day. Who did nothing before the
day is left out: strangers are served what is trending.

`python -m bench.goals.days --seeds 1 2 3` prints the methods on made-up sites of news and on libraries,
with the service's defaults but for one thread; `--readers 60 200 600 --days 1 2 3` the first days of
small ones, `--readers 6000 --stays 8` sites whose readers come for eight days and leave for good.
"""

import argparse
from collections.abc import Callable, Iterable

import msgspec
import polars as pl

from bench.goals.sites import LIBRARY, MAGAZINE, NEWS, Site, SiteParams, opening_us, site
from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import ProfileParams
from workers.evaluation.evaluating import outcomes_of
from workers.evaluation.methods import SHIPPED
from workers.evaluation.outcomes import Outcomes, joined
from workers.training.candidate import RoundParams, carry_out
from workers.training.holdout import Holdout, divided
from workers.training.moment import Moment, moments_of
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.ranking import model_of
from workers.training.training import Material

_STRETCH_US = 6 * HOUR_US
_SHOWN = ("recall@20", "ndcg@20")


Others = Callable[[Holdout, list[Moment]], dict[str, Outcomes]]


class Judged(msgspec.Struct, frozen=True):
    """How the methods did over some days.

    Attributes:
        found: by name, over the readers of all days.
        weights: of the voices, by the instant of the opening.
    """

    found: dict[str, Outcomes]
    weights: dict[int, dict[str, float]]


def judged(made_up: Site, days: Iterable[int], params: RoundParams) -> Judged:
    """Train at the opening of each day, and rank for its readers."""
    return judged_at(made_up, [opening_us(day) for day in days], params)


def judged_at(
    there: Site, openings_us: Iterable[int], params: RoundParams, others: Others = lambda *_: {}
) -> Judged:
    """Train at some instants, and rank for the readers of the day from each on.

    Args:
        others: what else is to rank for them.
    """
    parts: dict[str, list[Outcomes]] = {}
    weights, fading = {}, params.blend.votes
    for opening in openings_us:
        material = there.until(opening)
        candidate = carry_out(material, None, None, params, lambda: 0.0).candidate
        weights[opening] = candidate.manifest.weights
        holdout = _day(there, material, params)
        moments = moments_of(holdout, material.items, fading, 1, _STRETCH_US)
        model, histories = model_of(candidate), holdout.histories
        found = outcomes_of(model, histories, moments, params.blend) | others(holdout, moments)
        for name, each in found.items():
            parts.setdefault(name, []).append(each)
    every_day = {name: each for name, each in parts.items() if len(each) == len(weights)}
    return Judged({name: joined(each) for name, each in every_day.items()}, weights)


def lines(name: str, found: dict[str, Outcomes]) -> list[str]:
    """Return the rows of a table, best first."""
    rows = [(method, o.means(_SHOWN)) for method, o in found.items()]
    rows.sort(key=lambda row: -row[1][_SHOWN[1]])
    n = len(found[SHIPPED].users)
    return [
        f"| {name}, {n:,} readers | recall@20 | NDCG@20 |",
        "| --- | ---: | ---: |",
        *(f"| {method} | {m[_SHOWN[0]]:.4f} | {m[_SHOWN[1]]:.4f} |" for method, m in rows),
        "",
    ]


def main() -> None:
    """Judge the made-up sites and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--readers", type=int, nargs="*", default=[1_500])
    parser.add_argument("--days", type=int, nargs="*", default=[20, 23, 26, 29])
    parser.add_argument("--stays", type=int, default=0, help="days after which a reader is gone")
    asked = parser.parse_args()
    learn = LearnParams(als=AlsParams(threads=1))
    params = RoundParams(TrainParams(ProfileParams(), learn), BlendParams())
    for name, kind in (("news", NEWS), ("magazine", MAGAZINE), ("library", LIBRARY)):
        kind = msgspec.structs.replace(kind, stays_days=asked.stays)
        sites = [_sized(kind, n, seed) for n in asked.readers for seed in asked.seeds]
        parts = [judged(site(each), asked.days, params).found for each in sites]
        everywhere = [method for method in parts[0] if all(method in part for part in parts)]
        found = {method: joined([part[method] for part in parts]) for method in everywhere}
        print("\n".join(lines(name, found)), flush=True)


def _sized(kind: SiteParams, readers: int, seed: int) -> SiteParams:
    """Return a site of a size; who has few readers brings less."""
    born = max(4, kind.born * min(readers, 1_000) // 1_000) if kind.life_days else kind.born
    return msgspec.structs.replace(kind, readers=readers, born=born, seed=seed)


def _day(made_up: Site, material: Material, params: RoundParams) -> Holdout:
    """Return what happened until the opening, and until the next."""
    opening = material.now_us
    events = made_up.events.filter(pl.col("at_us") < opening + DAY_US)
    log = msgspec.structs.replace(material.log, events=events)
    is_after = events["at_us"].to_numpy() >= opening
    return divided(log, is_after, params.train.profile, "a day")


if __name__ == "__main__":
    main()
