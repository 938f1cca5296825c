import math

from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.access import limits
from recsvc.core.access.limits import Limit

QUOTA, WINDOW_S = 10, 60


def admitted(limit: Limit, who: str, cost: int, now_s: float) -> bool:
    verdict = limit.check(who, cost, now_s)
    if verdict.retry_after_s:
        return False
    limit.charge(who, cost, now_s)
    return True


def test_a_burst_of_the_whole_quota_passes_and_no_more():
    limit = Limit("user", QUOTA, WINDOW_S)

    assert [admitted(limit, "a", 1, 0.0) for _ in range(12)] == [True] * 10 + [False] * 2


def test_the_bucket_refills_evenly():
    limit = Limit("user", QUOTA, WINDOW_S)
    for _ in range(QUOTA):
        admitted(limit, "a", 1, 0.0)

    refused = limit.check("a", 1, 0.0)

    assert refused.retry_after_s == WINDOW_S / QUOTA
    assert not admitted(limit, "a", 1, refused.retry_after_s - 0.1)
    assert admitted(limit, "a", 1, float(refused.retry_after_s))


def test_what_is_left_is_said():
    limit = Limit("user", QUOTA, WINDOW_S)

    assert [limit.check("a", n, 0.0).remaining for n in (1, 4, 10)] == [9, 6, 0]
    assert limit.check("a", 5, 0.0).reset_s == 30
    assert limit.policy == '"user";q=10;w=60'


def test_callers_do_not_share_a_bucket():
    limit = Limit("user", 1, WINDOW_S)

    assert admitted(limit, "a", 1, 0.0)
    assert admitted(limit, "b", 1, 0.0)


def test_a_charge_above_the_quota_is_the_quota():
    limit = Limit("user", QUOTA, WINDOW_S)

    assert admitted(limit, "a", 1000, 0.0)
    assert not admitted(limit, "a", 1, 0.0)
    assert admitted(limit, "a", 1000, 60.0)


@given(
    gaps=st.lists(st.floats(0, 30), max_size=60),
    costs=st.lists(st.integers(1, QUOTA), min_size=60, max_size=60),
)
def test_over_any_stretch_no_more_than_a_quota_and_what_refilled_passes(gaps, costs):
    limit = Limit("user", QUOTA, WINDOW_S)
    now_s, passed = 0.0, []
    for gap, cost in zip(gaps, costs, strict=False):
        now_s += gap
        if admitted(limit, "a", cost, now_s):
            passed.append((now_s, cost))

    for i, (start_s, _) in enumerate(passed):
        for j in range(i, len(passed)):
            total = sum(cost for _, cost in passed[i : j + 1])
            stretch_s = passed[j][0] - start_s
            assert total <= QUOTA + stretch_s * QUOTA / WINDOW_S + 1e-6


@given(now_s=st.floats(0, 1e6), cost=st.integers(1, 40))
def test_retry_after_is_enough(now_s, cost):
    limit = Limit("user", QUOTA, WINDOW_S)
    while admitted(limit, "a", cost, now_s):
        pass

    waits_s = limit.check("a", cost, now_s).retry_after_s

    assert waits_s == math.ceil(waits_s) >= 1
    assert admitted(limit, "a", cost, now_s + waits_s + 1e-6)


def test_a_flood_of_callers_is_forgotten_again(monkeypatch):
    monkeypatch.setattr(limits, "_MAX_CALLERS", 100)
    limit = Limit("ip", QUOTA, WINDOW_S)

    for n in range(1000):
        limit.charge(f"caller-{n}", 1, n * 0.001)

    assert len(limit._full_at_s) <= 100
