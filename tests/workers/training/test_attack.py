"""Invented readers move nobody who is known: what they do is heard within bounds."""

from zlib import crc32

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.core.access.caller import ANONYMOUS
from recsvc.core.access.trust import (
    UNVOUCHED,
    Trust,
    TrustParams,
    board_weights,
    training_weights,
    trust_of,
)
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import ProfileParams
from recsvc.errors import SettingsError
from tests.workers.training import world
from workers.evaluation.attack import attack
from workers.log.schema import SCHEMA
from workers.training.believing import all_counted, classes
from workers.training.holdout import hold_out
from workers.training.interactions import CatalogueLog, interactions
from workers.training.training import gather

UPVOTE = 4.0


def votes(users: list[str], item: str = "x", network: str | None = None, trust: str | None = None):
    at = world.NOW_US
    rows = [
        (1, crc32(user.encode()), 0, user, item, "upvote", at, at, *[None] * 5, trust, network)
        for user in users
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def heard(log: pl.DataFrame, **params: object) -> dict[str, float]:
    """Return the evidence of each reader on item x."""
    profile = ProfileParams(trust=TrustParams(**params))
    found = interactions(CatalogueLog(log, {"x": 0}, 1), profile, world.NOW_US)
    return dict(zip(found.users, found.evidence.toarray()[:, 0].tolist(), strict=True))


def test_two_invented_sessions_for_each_reader_reach_nobody():
    catalogue = world.items(world.N_ITEMS + 1)
    rows = {item.id: row for row, item in catalogue.items()}
    material = gather(world.events(), catalogue, rows, "c", world.NOW_US)

    found = attack(material, world.PARAMS, BlendParams(), 0.2, 1, (0.0, 2.0))

    calm, attacked, _, credulous = found
    assert attacked.n_bots == 2 * 160
    assert attacked.n_reached == 0
    assert attacked.recall >= 0.99 * calm.recall
    assert credulous.n_reached > 0, "else the attack is none"


@settings(deadline=None)
@given(
    n_vouched=st.integers(0, 30),
    n_sessions=st.integers(0, 200),
    share=st.floats(0, 1),
    beside=st.floats(0, 20),
)
def test_what_sessions_add_to_an_item_is_bounded_however_many_there_are(
    n_vouched, n_sessions, share, beside
):
    known = votes([f"u{n}" for n in range(n_vouched)])
    sessions = votes([f"{ANONYMOUS}{n}" for n in range(n_sessions)])

    found = heard(pl.concat([known, sessions]), unvouched_share=share, unvouched_evidence=beside)

    assert all(found[f"u{n}"] == UPVOTE for n in range(n_vouched))
    n_heard = sum(user.startswith(ANONYMOUS) for user in found)
    most = (n_vouched * UPVOTE * share + beside) // UPVOTE
    assert n_heard == min(n_sessions, int(most)), "no more, and what fits is heard"
    assert all(e == pytest.approx(0.4) for u, e in found.items() if u.startswith(ANONYMOUS))


def test_of_one_network_a_few_are_heard():
    crowd = votes([f"{ANONYMOUS}{n}" for n in range(50)], network="one")
    others = votes([f"{ANONYMOUS}other{n}" for n in range(3)], network="two")

    found = heard(pl.concat([crowd, others]), unvouched_evidence=1_000)

    assert len(found) == 2 + 2


def test_while_no_key_exists_everybody_is_heard():
    log = votes([f"visitor-{n}" for n in range(50)], network="one", trust="page")

    assert set(heard(all_counted(log)).values()) == {UPVOTE}
    assert len(heard(all_counted(log))) == 50
    assert len(heard(log)) <= 2


users = st.sampled_from(["ann", "anon:1", "visitor-1", "simulated-x", "anon:visitor-2"])
stored = st.sampled_from([None, *[t.value for t in Trust], "of a newer version"])


@given(user=users, trust=stored)
def test_tables_and_entries_agree_on_who_vouches(user, trust):
    (found,) = votes([user], trust=trust).select(classes()).to_series().to_list()

    assert found == trust_of(user, trust)


def test_what_former_releases_logged_is_vouched_for_unless_its_id_says_otherwise():
    assert trust_of("ann", None).is_vouched
    assert not trust_of("anon:1", None).is_vouched
    assert not trust_of("anon:1", "secret").is_vouched
    assert not trust_of("visitor-1", None).is_vouched
    assert trust_of("visitor-1", "secret").is_vouched


def test_weights_are_of_known_classes_and_between_none_and_all():
    assert training_weights({"session": 0.5})["session"] == 0.5
    for wrong in ({"nobody": 0.5}, {"session": 2.0}, {"session": -1.0}, {"session": float("nan")}):
        with pytest.raises(SettingsError):
            training_weights(wrong)


def test_what_is_believed_by_default():
    strangers = {"session", "page"}
    assert {trust.value for trust in UNVOUCHED} == strangers
    assert board_weights({}) == {t.value: 0 if t in strangers else 1 for t in Trust}
    assert training_weights({}) == {t.value: 0.1 if t in strangers else 1 for t in Trust}


def test_a_holdout_is_judged_by_readers_whom_somebody_vouches_for():
    log = world.events(n_readers=40)
    half = pl.col("user").str.replace("u", "").cast(pl.Int64) < 20
    named = pl.when(half).then(pl.lit(ANONYMOUS) + pl.col("user")).otherwise("user")
    log = log.with_columns(named.alias("user"))
    params = ProfileParams(trust=TrustParams({}, 1e9, 1e9))
    m = world.material(log)

    holdout = hold_out(m.log, params, 0.2)

    assert len(holdout.users) > 0
    n_known = 20
    assert holdout.users.min() >= holdout.histories.shape[0] - n_known, (
        "sessions sort before readers"
    )
