"""What is asked a second time is answered as it was the first time: head, shape and refusals."""

import pytest

from tests.service import Service, wait_until

PATHS = (
    "/v1/feed",
    "/v1/feed?user=quick-reader&limit=3",
    "/v1/trending?window=all",
    "/v1/new?limit=2",
)


@pytest.fixture(scope="module")
def filled(service: Service) -> Service:
    service.put_all([{"id": f"quick-{n}", "title": f"quick {n} answer"} for n in range(8)])
    service.act("quick-reader", "click", "quick-1")
    service.act("quick-reader", "upvote", "quick-2")
    service.settled()
    return service


@pytest.mark.parametrize("path", PATHS)
def test_the_second_answer_has_the_head_and_the_shape_of_the_first(filled: Service, path: str):
    origin = {"Origin": str(filled.http.base_url)}
    first, second = (filled.http.get(path, headers=origin) for _ in range(2))

    assert first.status_code == second.status_code == 200
    heads = [dict(r.headers) for r in (first, second)]
    for head in heads:
        for name in ("date", "content-length", "ratelimit"):
            head.pop(name, None)
    assert heads[0] == heads[1]
    assert list(first.json()) == list(second.json())
    assert first.json()["feed_id"] != second.json()["feed_id"]


@pytest.mark.parametrize("path", PATHS)
def test_the_head_can_be_asked_for_as_often_as_one_likes(filled: Service, path: str):
    for _ in range(3):
        answer = filled.http.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_wrong_is_refused_each_time(filled: Service):
    for path in ("/v1/feed?limit=101", "/v1/trending?windw=all", "/v1/new?cursor=nonsense"):
        answers = [filled.http.get(path) for _ in range(3)]
        assert {answer.status_code for answer in answers} == {400}
        assert len({answer.json()["detail"] for answer in answers}) == 1


def test_what_a_reader_does_shows_in_what_they_asked_before(filled: Service):
    def ids() -> list[str]:
        return filled.ids("/v1/new", user="quick-reader", limit=100)

    assert "quick-5" in ids()
    filled.act("quick-reader", "hide", "quick-5")
    assert "quick-5" not in ids()
    filled.act("quick-reader", "unhide", "quick-5")
    assert "quick-5" in ids()


def test_an_item_that_goes_is_on_no_list_that_was_asked_for_before(filled: Service):
    paths = ("/v1/feed", "/v1/feed?user=quick-reader&limit=100", "/v1/new?limit=100")
    assert any("quick-7" in filled.ids(path) for path in paths)

    assert filled.http.delete("/v1/items/quick-7").status_code in (200, 204)

    for path in paths:
        assert "quick-7" not in filled.ids(path)


def test_the_metrics_say_how_many_were_answered_again(filled: Service):
    def is_more() -> bool:
        filled.get("/v1/new")
        return n_again(filled) > before

    before = n_again(filled)
    wait_until(is_more, "a list is answered again")


def n_again(service: Service) -> float:
    lines = service.http.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith('recsvc_shared_lists_total{how="again"}')]
    return float(found[0].split()[-1]) if found else 0.0
