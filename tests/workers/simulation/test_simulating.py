"""Readers who do not exist decide as it is written, and what came of it is counted right."""

from html.parser import HTMLParser

import numpy as np
import pytest

from workers.simulation.page import COLUMNS, page
from workers.simulation.simulating import ByChance, Outcome, Served, Visit, simulate
from workers.simulation.world import LOOKS, PAGE, World, WorldParams, acted, clicks_at_best

PARAMS = WorldParams(days=4, readers=12, begun_with=60, born=5, seed=7)


class Oracle:
    """A site that knows its readers."""

    def __init__(self) -> None:
        self.world = World(PARAMS, np.random.default_rng(PARAMS.seed))
        self.taken: dict[int, list[int]] = {}
        self.day = 0

    def open(self, day: int) -> None:
        self.day = day

    def feed(self, who: int) -> Served:
        taken = np.array(self.taken.get(who, []), np.int64)
        chances = self.world.chances(who, self.day, taken)
        return Served("f", np.argsort(-chances, kind="stable")[:PAGE])

    def tell(self, day: int, visits: list[Visit]) -> None:
        for visit in visits:
            clicked = visit.served.rows[visit.clicked].tolist()
            self.taken.setdefault(visit.who, []).extend(clicked)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [
        simulate(PARAMS, "oracle & co", Oracle()),
        simulate(PARAMS, "by chance", ByChance(PARAMS)),
    ]


def test_only_what_is_wanted_is_clicked_and_only_what_is_clicked_voted_for():
    rng = np.random.default_rng(1)
    for _ in range(200):
        wanted = rng.random(PAGE) < 0.5
        clicked, voted = acted(wanted, rng)

        assert wanted[clicked].all()
        assert set(voted.tolist()) <= set(clicked.tolist())


def test_places_are_looked_at_as_often_as_it_is_written():
    rng, n = np.random.default_rng(2), 20_000
    clicks = np.zeros(PAGE)
    for _ in range(n):
        clicks[acted(np.ones(PAGE, bool), rng)[0]] += 1

    assert clicks / n == pytest.approx(LOOKS, abs=0.02)
    assert clicks.sum() / n == pytest.approx(clicks_at_best(np.ones(PAGE, bool)), abs=0.05)


def test_what_was_taken_is_not_wanted_again_and_likings_are_shares_of_the_best():
    world = World(PARAMS, np.random.default_rng(PARAMS.seed))
    n = PARAMS.n_listed(2)
    for who in range(PARAMS.readers):
        anew = world.chances(who, 2, np.empty(0, np.int64))
        first = world.wanted(who, anew, np.random.default_rng(who))
        taken = np.flatnonzero(first)[:3]
        left = world.chances(who, 2, taken)
        then = world.wanted(who, left, np.random.default_rng(who))

        assert len(first) == n
        assert not then[taken].any()
        assert np.array_equal(np.delete(first, taken), np.delete(then, taken))
    assert 0 <= world.liking.min() <= world.liking.max() <= 1
    assert len(world.titles) == PARAMS.n_items == world.liking.shape[1]


def test_an_oracle_has_no_regret_and_chance_has_much(outcomes: list[Outcome]):
    oracle, chance = outcomes

    assert oracle.total.regret == pytest.approx(0, abs=1e-12)
    assert chance.total.regret > 0.5
    assert oracle.total.clicks > chance.total.clicks
    assert oracle.total.taste_match > chance.total.taste_match
    for outcome in outcomes:
        assert len(outcome.days) == PARAMS.days
        assert sum(day.visits for day in outcome.days) == outcome.total.visits > 0
        assert outcome.days[-1].coverage == outcome.total.coverage


def test_every_site_has_the_same_visitors_and_the_same_seed_the_same_days(outcomes: list[Outcome]):
    oracle, chance = outcomes

    assert [day.visits for day in oracle.days] == [day.visits for day in chance.days]
    assert simulate(PARAMS, "by chance", ByChance(PARAMS)) == chance


class _Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_page_draws_every_figure_of_every_site_and_asks_nobody_for_anything(
    outcomes: list[Outcome],
):
    text = page(PARAMS, outcomes)
    seen = _Seen(text)
    lines = [a["d"] or "" for tag, a in seen.tags if tag == "path" and "line" in (a["class"] or "")]

    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in seen.tags)
    assert "://" not in text
    assert "url(" not in text
    for outcome in outcomes:
        assert outcome.name in seen.said
        for column in COLUMNS:
            assert format(column.of(outcome.total), column.form) in seen.said
    drawn = lines[len(outcomes) :]  # behind the key
    assert len(drawn) == len(COLUMNS) * len(outcomes)
    for line in drawn:
        assert line.count("L") == PARAMS.days - 1
