from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.service import Service


def figures(service: Service) -> dict[str, float]:
    families = text_string_to_metric_families(service.http.get("/metrics").text)
    return {
        s.name + "".join(f"[{v}]" for k, v in sorted(s.labels.items()) if k != "le"): s.value
        for family in families
        for s in family.samples
        if "le" not in s.labels
    }


def test_metrics_say_what_became_of_events_and_how_long_it_took(service: Service):
    before = figures(service)
    event = {"user": "m", "item": "x", "kind": "click", "event_id": "m-1"}
    service.send(event, event, {"user": "m"})
    service.feed("m")
    service.settled()
    after = figures(service)

    def grew(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grew("recsvc_events_total[accepted]") == 1
    assert grew("recsvc_events_total[duplicate]") == 1
    assert grew("recsvc_events_total[rejected]") == 1
    assert grew("recsvc_event_to_feed_seconds_count") == 1
    assert grew("recsvc_event_to_board_seconds_count") >= 1
    assert sum(v for k, v in after.items() if k.startswith("recsvc_feed_seconds_count")) >= 1
    assert after["recsvc_stale"] == 0
    assert after["recsvc_events_behind"] == 0


def test_problems_are_counted_by_status(service: Service):
    before = figures(service).get("recsvc_problems_total[404]", 0)

    service.http.get("/v1/items/nowhere")

    assert figures(service)["recsvc_problems_total[404]"] == before + 1


def test_feeds_that_came_to_no_number_are_counted(new_service: Callable[..., Service]):
    service = new_service(
        content_weight="3e38", trending_weight="3e38", fresh_weight="3e38"
    ).start()
    service.put_all([{"id": f"p{n}", "title": f"Graphs {n}", "text": "nets"} for n in range(5)])
    service.act("ann", "upvote", "p1")
    assert figures(service)["recsvc_not_finite_total"] == 0

    feed = service.feed("ann")

    assert (feed["stale"], len(feed["items"])) == (True, 4)
    assert figures(service)["recsvc_not_finite_total"] == 1


def test_health_says_ok_and_stats_say_how_the_loop_is_doing(service: Service):
    assert service.http.get("/health/live").json()["status"] == "ok"
    assert service.http.get("/health/ready").json() == {"status": "ok", "problems": []}
    stats = service.get("/v1/stats")
    assert stats["stale"] is False
    assert isinstance(stats["weights"], dict)
    assert isinstance(stats["half_at"], dict)
    assert stats["worker_silent_s"] < 10


def test_an_unknown_path_or_method_gets_a_problem(service: Service):
    for response, status in [
        (service.http.get("/v1/nowhere"), 404),
        (service.http.delete("/v1/feed"), 405),
    ]:
        assert response.status_code == status
        assert response.headers["content-type"].startswith("application/problem+json")
        assert response.json()["status"] == status


def test_the_document_describes_every_call(service: Service):
    document = service.http.get("/schema/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    operations = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    ]
    assert len(set(operations)) == len(operations)
    assert {"recordEvents", "getFeed", "postFeed", "rank", "getTrending", "getNew", "getSimilar",
            "putItem", "getItem", "patchItem", "deleteItem", "upsertItems", "getUser",
            "listSnapshots", "activateSnapshot", "getStats"} <= set(operations)  # fmt: skip


def test_head_is_get_without_the_body(service: Service):
    for path in ("/health/ready", "/v1/new", "/feeds/new.rss", "/", "/nowhere"):
        got, head = service.http.get(path), service.http.head(path)

        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers["content-type"] == got.headers["content-type"], path
    assert service.http.head("/v1/rank").status_code == 405
