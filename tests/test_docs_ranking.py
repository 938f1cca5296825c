"""docs/ranking.md and docs/evaluation.md name what the code has."""

import re

from recsvc.cli.evaluate import evaluate
from recsvc.core.model.warming import RHO
from recsvc.core.ranking.exploration import lottery_of
from recsvc.settings import DECLARED
from recsvc.settings.declared import PREFIX
from tests.service import REPOSITORY
from workers.evaluation.evaluating import NAMES

RANKING = (REPOSITORY / "docs" / "ranking.md").read_text()
EVALUATION = (REPOSITORY / "docs" / "evaluation.md").read_text()
OF_RANKING = re.compile(
    r"_weight$|_boost$|_half_life|^train_|^search_|^gate_|_exponent$|_cap$|^explore_|^diversity$"
    r"|^factors$|^iterations$|^regularization$|^alpha$|^seed$|^snapshots_kept$|^feed_depth$"
)


def test_every_setting_of_ranking_is_explained_and_every_one_named_exists():
    named = {name.removeprefix(PREFIX).lower() for name in re.findall(rf"{PREFIX}[A-Z_]+", RANKING)}

    assert {name for name in DECLARED if OF_RANKING.search(name)} <= named
    assert named <= set(DECLARED)


def test_the_options_and_figures_of_evaluate_are_documented():
    options = {o for p in evaluate.params for o in p.opts if o.startswith("--")}
    named = set(re.findall(r"--[a-z]+", EVALUATION.partition("## Public sets")[0]))

    assert named <= options
    assert {name.partition("@")[0] for name in NAMES} <= set(re.findall(r"`(\w+)", EVALUATION))


def test_what_the_page_says_of_constants_is_so():
    assert "recsvc.core.ranking.exploration.lottery_of" in RANKING
    assert lottery_of.__module__ == "recsvc.core.ranking.exploration"
    assert RHO == 50
