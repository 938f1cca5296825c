"""Experiments over HTTP, from their beginning to their end."""

from collections.abc import Iterator

import pytest

from tests.secured import Secured
from tests.service import Service, wait_until

DIVERSE = [{"name": "control"}, {"name": "diverse", "settings": {"diversity": 0.9}}]


@pytest.fixture
def made(service: Service) -> Iterator[str]:
    """An experiment that begins long after the tests."""
    name = "made-by-test"
    asked = {"name": name, "variants": DIVERSE, "layer": "of-tests", "traffic": 0.5}
    asked["starts_at"] = "2100-01-01T00:00:00Z"
    answer = service.http.post("/v1/experiments", json=asked)
    assert answer.status_code == 201, answer.text
    yield name
    service.http.post(f"/v1/experiments/{name}/stop")
    service.http.delete(f"/v1/experiments/{name}")


def test_an_experiment_is_begun_seen_stopped_and_forgotten(service: Service, made: str):
    path = f"/v1/experiments/{made}"
    found = service.get(path)
    assert (found["state"], found["traffic"], found["report"]) == ("waiting", 0.5, None)
    assert found in service.get("/v1/experiments")["experiments"]
    assert service.http.delete(path).status_code == 409, "it has not ended"

    stopped = service.http.post(f"{path}/stop")
    assert stopped.status_code == 200
    wait_until(lambda: service.get(path)["state"] == "ended", "it has ended")
    assert service.http.delete(path).status_code == 204
    assert service.http.get(path).status_code == 404


def test_what_makes_no_sense_is_refused_and_a_name_is_taken_once(service: Service, made: str):
    def status(**changes: object) -> tuple[int, str]:
        asked = {"name": "other", "variants": DIVERSE, "layer": "of-tests", "traffic": 0.5}
        answer = service.http.post("/v1/experiments", json=asked | changes)
        return answer.status_code, answer.text

    assert status(name=made)[0] == 409
    assert status(traffic=0.6)[0] == 409, "the layer has half of its readers left"
    for wrong in (
        {"name": "Not A Name"},
        {"variants": DIVERSE[:1]},
        {"variants": [{"name": "a"}, {"name": "a"}]},
        {"variants": [{"name": "a"}, {"name": "b", "settings": {"no_such": 1}}]},
        {"variants": [{"name": "a"}, {"name": "b", "settings": {"diversity": 7}}]},
        {"traffic": 0},
        {"ends_at": "2020-01-01T00:00:00Z"},
    ):
        assert status(**wrong)[0] == 400, wrong
    assert "diversity" in status(variants=[DIVERSE[0], {"name": "b", "settings": {"no": 1}}])[1]


def test_a_variant_can_be_tried_out_by_a_header_before_it_begins(service: Service, made: str):
    user = "tries"
    service.put_all([{"id": f"tried-{n}", "title": f"tried {n}"} for n in range(4)])
    service.act(user, "upvote", "tried-0")
    service.settled()
    service.feed(user)
    usual = service.feed(user)
    wait_until(lambda: known(service, made), "the process has heard of it")

    for _ in range(2):  # the second time over what is remembered of the query
        tried = service.http.get(
            "/v1/feed", params={"user": user}, headers={"X-Recsvc-Variant": f"{made}=diverse"}
        )
        assert tried.json()["variants"] == [f"{made}=diverse"]
    assert "variants" not in usual
    assert "variants" not in service.feed(user), "nobody else gets it"
    for wrong, status in ((f"{made}=none", 404), ("none=diverse", 404), ("diverse", 400)):
        answer = service.http.get(
            "/v1/feed", params={"user": user}, headers={"X-Recsvc-Variant": wrong}
        )
        assert answer.status_code == status


def known(service: Service, name: str) -> bool:
    headers = {"X-Recsvc-Variant": f"{name}=control"}
    return service.http.get("/v1/feed", params={"user": "x"}, headers=headers).status_code == 200


def test_only_owners_begin_and_only_keys_for_figures_look_or_try_out(secured: Secured):
    figures, token = secured.make(kind="secret", scopes=["metrics"])[1], secured.token("somebody")
    asked = {"name": "not-theirs", "variants": DIVERSE}
    for key in (figures, token, secured.publishable):
        assert secured.call("POST", "/v1/experiments", key, json=asked).status_code == 403
    assert secured.call("GET", "/v1/experiments", figures).status_code == 200
    for key in (token, secured.publishable):
        assert secured.call("GET", "/v1/experiments", key).status_code == 403
        tried = secured.call(
            "GET", "/v1/feed", key, headers={"X-Recsvc-Variant": "not-theirs=control"}
        )
        assert tried.status_code == 403
