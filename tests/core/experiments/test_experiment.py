from itertools import combinations

import msgspec
import pytest

from recsvc.core.experiments.experiment import (
    NO_TRIAL,
    Experiment,
    Variant,
    dealt,
    forced,
    placed,
    trial,
)
from recsvc.core.ranking.arrangement import ArrangementParams
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.tuning import AS_USUAL, tunable, tuning
from recsvc.errors import ConflictError, InvalidError, NotFoundError

LOUD = {"personal_weight": 2.0, "voice_weights": {"next": 0.5}, "diversity": 0.3}
DEALT = ["loud", "loud", None, "loud", "loud", "loud"]
READERS = [f"reader-{n}" for n in range(4_000)]


def one(
    name: str = "blend", traffic: float = 1.0, layer: str = "main", **weights: float
) -> Experiment:
    arms = weights or {"control": 1.0, "loud": 1.0}
    variants = tuple(Variant(arm, weight) for arm, weight in arms.items())
    return Experiment(name, variants, 1_000, layer=layer, traffic=traffic)


def test_a_reader_is_dealt_the_same_whoever_asks():
    experiment = one(traffic=0.7)
    again = msgspec.json.decode(msgspec.json.encode(experiment), type=Experiment)

    dealt = [experiment.variant_of(reader) for reader in READERS]
    assert dealt == [again.variant_of(reader) for reader in READERS]
    # in every process, version and language: experiments outlive releases
    assert [d and d.name for d in dealt[:6]] == DEALT


def test_readers_are_dealt_out_by_the_shares_and_a_part_of_them_by_the_traffic():
    experiment = one(traffic=0.5, control=3.0, loud=1.0)
    dealt = [experiment.variant_of(reader) for reader in READERS]
    names = [variant.name for variant in dealt if variant is not None]

    assert len(names) / len(READERS) == pytest.approx(0.5, abs=0.03)
    assert names.count("control") / len(names) == pytest.approx(0.75, abs=0.03)


def test_of_one_layer_a_reader_is_in_one_experiment_and_across_layers_in_any():
    made: list[Experiment] = []
    for name in ("a", "b", "c"):
        made.append(placed(one(name, 0.3), made, 0))
    other = placed(one("d", 0.5, layer="other"), made, 0)

    dealt = [{x.name for x in made if x.variant_of(reader)} for reader in READERS]
    assert max(map(len, dealt)) == 1
    both = [
        bool(inside) and other.variant_of(r) is not None
        for inside, r in zip(dealt, READERS, strict=True)
    ]
    assert sum(both) / len(READERS) == pytest.approx(0.9 * 0.5, abs=0.03)
    with pytest.raises(ConflictError, match="main"):
        placed(one("e", 0.2), made, 0)
    over = [msgspec.structs.replace(made[1], ends_us=5), made[0], made[2]]
    assert placed(one("e", 0.3), over, 5).offset == pytest.approx(0.3)


def test_who_was_together_in_one_experiment_is_dealt_anew_in_the_next():
    a, b, c = (one(name) for name in "abc")
    for x, y in combinations((a, b, c), 2):
        same = sum(x.variant_of(r) == y.variant_of(r) for r in READERS)
        assert same / len(READERS) == pytest.approx(0.5, abs=0.05)


def test_two_layers_never_change_the_same_setting():
    def changing(name: str, layer: str, setting: str) -> Experiment:
        variants = (Variant("control"), Variant("other", settings={setting: 0.5}))
        return Experiment(name, variants, 1_000, layer=layer)

    first = placed(changing("a", "one", "diversity"), [], 0)
    with pytest.raises(ConflictError, match="diversity"):
        placed(changing("b", "two", "diversity"), [first], 0)
    assert placed(changing("b", "two", "fresh_weight"), [first], 0).layer == "two"


def test_a_list_is_made_with_all_variants_while_they_run():
    loud = Experiment("x", (Variant("a", settings=LOUD), Variant("b", settings=LOUD)), 10, 20)
    long = Experiment("y", (Variant("a", settings={"fresh_weight": 1}),) * 2, 10, layer="z")

    assert trial(dealt("ada", [loud, long], 9)) == NO_TRIAL
    found = trial(dealt("ada", [loud, long], 10))
    assert found.variants[0].startswith("x=")
    assert found.variants[1] == "y=a"
    blend = found.tuning.of_blend(BlendParams(fresh=0.1, weights={"recent": 0.2}))
    assert (blend.personal, blend.fresh) == (2.0, 1.0)
    assert blend.weights == {"recent": 0.2, "next": 0.5}
    assert found.tuning.of_arrangement(ArrangementParams()).diversity == 0.3
    assert trial(dealt("ada", [loud, long], 20)).variants == ("y=a",)
    assert hash(found) is not None


def test_a_variant_can_be_tried_out_and_nothing_else():
    experiment = one()
    assert forced([" blend=loud"], [experiment]).variants == ("blend=loud",)
    with pytest.raises(NotFoundError, match="quiet"):
        forced(["blend=quiet"], [experiment])
    with pytest.raises(NotFoundError, match="other"):
        forced(["other=loud"], [experiment])
    with pytest.raises(InvalidError):
        forced(["loud"], [experiment])


@pytest.mark.parametrize(
    "settings",
    [
        {"no_such": 1},
        {"personal_weight": -1},
        {"personal_weight": "loud"},
        {"diversity": 2},
        {"voice_weights": {"no such voice": 1}},
        {"feed_depth": 100},
    ],
)
def test_what_cannot_be_set_is_refused(settings):
    with pytest.raises(InvalidError):
        tuning(settings)


def test_every_setting_of_the_blend_and_the_arrangement_can_be_tuned():
    assert {"personal_weight", "voice_weights", "explore_share", "diversity"} <= set(tunable())
    assert tuning({}) == AS_USUAL
    params = BlendParams()
    assert AS_USUAL.of_blend(params) is params


@pytest.mark.parametrize(
    "wrong",
    [
        Experiment("x", (Variant("a"),), 0),
        Experiment("x", (Variant("a"), Variant("a")), 0),
        Experiment("x", (Variant("a"), Variant("b")), 10, 10),
        Experiment("x", (Variant("a"), Variant("b", settings={"no_such": 1})), 0),
    ],
)
def test_what_makes_no_sense_is_no_experiment(wrong):
    with pytest.raises(InvalidError):
        placed(wrong, [], 0)


def test_a_name_is_taken_once():
    with pytest.raises(ConflictError, match="already"):
        placed(one(), [one()], 0)
