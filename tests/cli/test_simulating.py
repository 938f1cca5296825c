"""`recsvc simulate` drives a service of its own, and none that is real."""

from pathlib import Path

import numpy as np
import pytest

from recsvc.cli.health import readiness
from recsvc.cli.simulated import HttpSite, running, settings_of
from recsvc.cli.simulating import VARIANTS, table
from recsvc.errors import SettingsError
from recsvc.settings import DECLARED
from workers.simulation.simulating import simulate
from workers.simulation.world import World, WorldParams

PARAMS = WorldParams(readers=5, days=2, begun_with=40, born=5, comes=1.0)


def test_ranking_is_as_set_and_everything_else_the_simulations_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RECSVC_REDIS_URL", "redis://real.example:6379")
    monkeypatch.setenv("RECSVC_DATA_DIR", "/real")
    monkeypatch.setenv("RECSVC_SMTP_HOST", "mail.example")
    monkeypatch.setenv("RECSVC_FATIGUE_WEIGHT", "1.5")
    monkeypatch.setenv("RECSVC_EXPLORE_SHARE", "0.2")

    as_set, without, _ = (settings_of(tmp_path, **v.settings) for v in VARIANTS)

    assert as_set.is_bundled
    assert as_set.data_path == tmp_path
    assert as_set.smtp.host != "mail.example"
    assert as_set.lists.profile.fatigue.weight == 1.5
    assert DECLARED["explore_share"].of(as_set) == 0.2
    assert DECLARED["explore_share"].of(without) == 0


def test_a_setting_that_does_not_exist_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECSVC_FATIGUE", "1.5")

    with pytest.raises(SettingsError, match="RECSVC_FATIGUE"):
        settings_of(tmp_path)


@pytest.mark.server
def test_two_days_pass_on_a_real_service_which_is_gone_afterwards(tmp_path: Path):
    settings = settings_of(tmp_path / "data")
    with running(settings) as address:
        site = HttpSite(PARAMS, settings, address, tells_impressions=True)
        outcome = simulate(PARAMS, "as set", site)
        listed = site.feed(0).rows
        site.close()

    n_shown = [day.visits for day in outcome.days]
    assert n_shown == [PARAMS.readers] * PARAMS.days
    assert len(listed) > 0
    assert listed.max() < World(PARAMS, np.random.default_rng(0)).born_day.size
    assert 0 < outcome.total.regret < 1
    assert readiness(address)[0] == 0
    assert table(PARAMS, [outcome]).row_count == 1
