"""The trainer publishes what passes the gate, keeps what does not, and leaves what is held alone."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from recsvc.clock import SECOND_US
from recsvc.core.experiments.proposal import Looked, Proposal, VoiceChange
from recsvc.core.model.snapshot import Manifest
from recsvc.store.connection import Redis
from tests.workers.site import Site
from tests.workers.training import world
from workers.training.alarms import lacking
from workers.training.candidate import Round, carry_out, with_verdict
from workers.training.gate import Gate
from workers.training.holdout import hold_out
from workers.training.params import DueParams
from workers.training.trainer import Latest, There, is_due
from workers.training.trying import Means

pytestmark = pytest.mark.anyio


def sabotaged(material, current, found, params, clock) -> Round:
    """A round whose factors came into disorder."""
    done = carry_out(material, current, found, params, clock)
    shuffled = np.random.default_rng(0).permutation(done.candidate.item_factors)
    broken = msgspec.structs.replace(done.candidate, item_factors=shuffled)
    m, profile = material, params.train.profile
    holdout = hold_out(m.log, profile, params.gate.share)
    gate = Gate(m, Means(params.blend), params.gate.min_readers)
    verdict = gate.judge(broken, current, holdout)
    return msgspec.structs.replace(done, candidate=with_verdict(broken, verdict))


@pytest.fixture
async def site(redis: Redis, tmp_path: Path) -> Site:
    made = Site(redis, tmp_path)
    await made.fill()
    return made


async def test_what_passes_is_published_and_what_is_worse_is_kept_for_people_to_see(site: Site):
    sound = await site.train()
    assert await site.snapshots.current() == sound.snapshot_id
    assert sound.verdict is not None
    assert sound.verdict.n_readers > 50

    broken = await site.train(sabotaged, at_s=60)

    assert await site.snapshots.current() == sound.snapshot_id
    assert broken.verdict is not None
    assert not broken.verdict.passed
    assert "worse than" in broken.verdict.reason
    assert [m.snapshot_id for m in await site.snapshots.manifests()] == [
        broken.snapshot_id, sound.snapshot_id
    ]  # fmt: skip
    assert await site.training.outcomes() == {"published": 1, "stopped": 1}


async def test_what_the_gate_stopped_pushes_nothing_out_that_could_be_gone_back_to(site: Site):
    sound = [await site.train(), await site.train(at_s=60)]

    stopped = [await site.train(sabotaged, at_s=120 + n) for n in range(3)]

    kept = [m.snapshot_id for m in await site.snapshots.manifests()]
    assert kept == [m.snapshot_id for m in [*stopped[:0:-1], *sound[::-1]]]


async def test_nothing_is_published_while_a_person_holds_a_snapshot(site: Site):
    first, second = await site.train(), await site.train(at_s=60)
    await site.snapshots.activate(first.snapshot_id)
    await site.training.hold(first.snapshot_id)

    third = await site.train(at_s=120)
    assert third.verdict is not None
    assert third.verdict.passed
    assert await site.snapshots.current() == first.snapshot_id

    assert await site.training.release()
    fourth = await site.train(at_s=180)
    assert await site.snapshots.current() == fourth.snapshot_id
    assert (await site.training.outcomes())["held_back"] == 1
    assert second.was_published


async def offer(site: Site, weights: dict[str, float]) -> None:
    changes = [VoiceChange(name, 1.0, weight, 0.1) for name, weight in weights.items()]
    proposal = Proposal(changes, 0.5, 0.1, (0.05, 0.15), 4_000, 400, 900.0, [1.0])
    await site.training.propose(Looked(5, proposal))
    assert (await site.training.offer(6)).weights == weights


async def test_weights_that_are_offered_are_in_force_unless_readers_are_surely_worse_off(
    site: Site,
):
    usual = await site.train()
    await offer(site, {"personal": 1.1, "content": 0.9})
    assert (await site.snapshots.manifest(usual.snapshot_id)).weights == usual.weights, "not yet"
    good = await site.train(at_s=60)
    told = await site.training.offered()
    assert good.weights == usual.weights | {"personal": 1.1, "content": 0.9}
    assert told.is_taken
    assert told.judged_us == world.NOW_US + 60 * SECOND_US
    assert good.verdict.foreseen == pytest.approx(told.compared.ours)

    await offer(site, {"personal": 0.0, "similar": 0.0, "next": 0.0, "content": 50.0})
    bad = await site.train(at_s=120)
    told = await site.training.offered()
    assert "content" not in bad.weights or bad.weights["content"] < 50
    assert not told.is_taken
    assert told.compared.high < 0
    assert bad.verdict.foreseen == pytest.approx(told.compared.theirs)


def described(n_events: int = 0, n_interactions: int = 0, n_items: int = 10_000) -> Manifest:
    return Manifest(
        snapshot_id="s",
        catalogue_id="c",
        created_us=0,
        n_rows=n_items,
        n_items=n_items,
        n_events=n_events,
        n_interactions=n_interactions,
    )


def after(took_s: float, age_s: float, n_events: int, last: Manifest | None = None) -> bool:
    """Whether to train some time after a training of a catalogue of 10,000 items without readers."""
    due = DueParams(every_s=30, every_events=1_000, pause_s=5, share=0.05)
    last = last or described()
    return is_due(due, Latest(last, took_s), There(10_000, n_events, int(age_s * SECOND_US)))


def test_training_takes_its_share_of_the_time_and_no_more():
    learned = described(n_events=20_000, n_interactions=20_000)

    assert not after(took_s=10, age_s=199, n_events=24_000, last=learned)
    assert after(took_s=10, age_s=201, n_events=24_000, last=learned)
    assert not after(took_s=0.1, age_s=4, n_events=24_000, last=learned), "the pause holds too"
    assert not after(took_s=0.1, age_s=29, n_events=20_001, last=learned), "few came"
    assert after(took_s=0.1, age_s=31, n_events=20_001, last=learned)
    assert not after(took_s=0.1, age_s=3_600, n_events=20_000, last=learned), "nothing came"


def test_a_model_of_before_the_clock_was_set_back_is_replaced_in_time():
    assert after(took_s=0.1, age_s=-3_600, n_events=20_001, last=described(n_events=20_000))


@pytest.mark.parametrize(
    ("learned", "there", "is_time"),
    [
        ((20_000, 10_000), (25_000, 10_000), True),  # a fifth of the log is lacking
        ((20_000, 10_000), (24_900, 10_000), False),
        ((20_000, 10_000), (810_000, 10_000), True),
        ((20_000, 10_000), (20_000, 12_500), True),  # a fifth of the catalogue
        ((20_000, 10_000), (20_000, 12_400), False),
        ((0, 10_000), (1_000, 10_000), True),  # all there is to learn from
        ((100, 10_000), (1_099, 10_000), False),  # much, but only a few
        ((100, 100), (100, 199), False),
        ((20_000, 10_000), (1_000, 10_000), False),  # erased: nothing is lacking
    ],
)
def test_a_model_that_lacks_much_is_replaced_at_once_whatever_the_last_one_took(
    learned: tuple[int, int], there: tuple[int, int], is_time: bool
):
    due = DueParams(every_s=30, every_events=1_000, pause_s=5, share=0.05)
    last = described(n_events=learned[0], n_interactions=learned[0], n_items=learned[1])

    def is_due_at(age_s: float) -> bool:
        now_us = int(age_s * SECOND_US)
        return is_due(due, Latest(last, 600.0), There(there[1], there[0], now_us))

    assert is_due_at(6) == is_time
    assert not is_due_at(4), "the pause holds whatever came"
    assert is_due_at(12_001), "in the end its share of the time has passed"


async def test_a_first_large_import_is_learned_as_soon_as_it_is_in(redis: Redis, tmp_path: Path):
    site = Site(redis, tmp_path)
    await site.put(world.items()[0])
    await site.act("first", "upvote", "i0", world.NOW_US)
    trainer = site.trainer(due=DueParams(pause_s=0.001, share=1e-9))  # whatever took a moment: days
    token = await site.lead()
    small = await trainer.run_once(token, world.NOW_US)
    assert small is not None
    await site.act("second", "upvote", "i0", world.NOW_US)
    soon_us = world.NOW_US + SECOND_US
    assert await trainer.run_once(token, soon_us) is None

    await site.fill()
    large = await trainer.run_once(token, soon_us)

    assert large is not None
    assert large.manifest.n_items == world.N_ITEMS
    assert large.manifest.n_events > 2_000


def test_the_first_interactions_of_a_large_catalogue_do_not_wait_for_what_its_texts_cost():
    assert not after(took_s=10, age_s=4, n_events=5_000)
    assert after(took_s=10, age_s=6, n_events=5_000)
    assert not after(took_s=20, age_s=31, n_events=1)
    assert after(took_s=10, age_s=31, n_events=1)
    assert not after(took_s=10, age_s=199, n_events=0), "nobody acted yet"


async def test_the_operator_is_told_when_the_gate_lets_nothing_pass(site: Site):
    told: dict[str, str | None] = {}
    trainer = site.trainer(sabotaged, alarm=lambda name, text: told.update({name: text}))
    token = await site.lead()
    await site.train()
    for n in range(3):
        assert await site.training.n_stopped() == n
        await site.train(sabotaged, at_s=60 + n)

    await trainer.run_once(token, world.NOW_US + 63 * SECOND_US)
    assert told["gate"] is not None
    assert "stopped the last 3 models" in told["gate"]
    assert await site.training.outcomes() == {"published": 1, "stopped": 3}

    await site.train(at_s=120)
    await trainer.run_once(token, world.NOW_US + 121 * SECOND_US)
    assert told["gate"] is None


@pytest.mark.parametrize(
    ("n_items", "n_events", "age_s", "what"),
    [
        (10_000, 810_000, 301, "2.5% of the log"),
        (40_000, 20_000, 301, "25.0% of the catalogue"),
        (10_000, 810_000, 299, None),
        (19_000, 39_000, 9_999, None),
    ],
)
def test_the_operator_is_told_when_the_served_model_lacks_most(n_items, n_events, age_s, what):
    said = lacking(described(20_000, 20_000), n_items, n_events, age_s * SECOND_US)

    assert (said is None) == (what is None)
    assert what is None or what in str(said)
