"""Trending, new, and what was listed when: their orders, their filters, their pages."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.service import Service, wait_until

NOW = datetime.now(UTC)


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat()


def pages(service: Service, path: str, **params: object) -> list[list[str]]:
    """Follow a list to its end and return the ids of each page."""
    found, token = [], None
    while True:
        answer = service.get(path, **params, **({"cursor": token} if token else {}))
        found.append([item["id"] for item in answer["items"]])
        token = answer["cursor"] if "cursor" in answer else answer["next"]
        if token is None:
            return found


def upvotes(service: Service, item: str) -> int:
    return service.get(f"/v1/items/{item}")["upvotes"]


def vote(service: Service, item: str, *ages_h: float, name: str = "voter") -> None:
    """Have as many readers upvote, each so long ago, and wait until it is on the boards."""
    before = upvotes(service, item)
    events = [
        {"user": f"{name}-{n}", "kind": "upvote", "item": item, "at": ago(hours=age)}
        for n, age in enumerate(ages_h)
    ]
    service.send(*events)
    wait_until(lambda: upvotes(service, item) == before + len(events), "votes on the boards")


# Trending


def test_trending_ranks_by_votes_that_fade(service: Service):
    topic = "fading"
    service.put_all([{"id": f"fading-{i}", "title": "x", "topics": [topic]} for i in range(4)])
    vote(service, "fading-0", 1)
    vote(service, "fading-1", 80, 80, 80)  # 3 votes after 2.2 half-lives of 36 hours: 0.64
    vote(service, "fading-2", 2, 2)

    listed = service.http.get("/v1/trending", params={"topic": topic}).json()["items"]
    assert [(place["id"], place["reason"]["text"]) for place in listed] == [
        ("fading-2", "Trending: 2 upvotes, by now worth 1.9"),
        ("fading-0", "Trending: 1 upvote"),
        ("fading-1", "Trending: 3 upvotes, by now worth 0.6"),
    ]


def test_who_cannot_draw_formulae_gets_title_and_text_in_characters(service: Service):
    topic = "in-characters"
    texts = {"tex": r"Of order $\alpha^2$", "bare": "Of order two"}
    service.put_all(
        [{"id": i, "title": t, "text": f"{t}.", "topics": [topic]} for i, t in texts.items()]
    )

    listed = service.http.get("/v1/new", params={"topic": topic}).json()["items"]

    shown = {place["id"]: place["item"] for place in listed}
    assert shown["tex"]["title"] == texts["tex"], "as it was sent"
    assert shown["tex"]["readable"] == {"title": "Of order α^2", "text": "Of order α^2."}
    assert "readable" not in shown["bare"]
    alone = service.http.get("/v1/items/tex").json()
    assert alone["readable"] == shown["tex"]["readable"]


def test_an_unvote_takes_a_vote_back(service: Service):
    topic = "unvoted"
    service.put_all([{"id": f"unvoted-{i}", "title": "x", "topics": [topic]} for i in range(2)])
    vote(service, "unvoted-0", 1, 1)
    vote(service, "unvoted-1", 1)
    for voter in ("voter-0", "voter-1"):
        service.act(voter, "unvote", "unvoted-0")
    wait_until(lambda: upvotes(service, "unvoted-0") == 0, "the unvotes on the boards")

    assert service.ids("/v1/trending", topic=topic) == ["unvoted-1"]


def test_a_window_leaves_out_what_got_no_vote_in_it(service: Service):
    topic = "windows"
    service.put_all(
        [{"id": f"windows-{d}", "title": "x", "topics": [topic]} for d in (0, 3, 20, 90)]
    )
    for days in (0, 3, 20, 90):
        vote(service, f"windows-{days}", days * 24 + 1)

    found = {
        window: service.ids("/v1/trending", window=window, topic=topic)
        for window in ("day", "week", "month", "all")
    }

    assert found == {
        "day": ["windows-0"],
        "week": ["windows-0", "windows-3"],
        "month": ["windows-0", "windows-3", "windows-20"],
        "all": ["windows-0", "windows-3", "windows-20", "windows-90"],
    }


def test_equal_votes_stand_in_one_order_however_often_asked(service: Service):
    topic = "equal"
    service.put_all([{"id": f"equal-{i}", "title": "x", "topics": [topic]} for i in range(9)])
    at = ago(hours=5)
    for i in (3, 8, 1, 5):
        service.act("equal-voter", "upvote", f"equal-{i}", at=at)
        wait_until(lambda i=i: upvotes(service, f"equal-{i}") == 1, "the vote on the boards")

    found = [service.ids("/v1/trending", topic=topic) for _ in range(3)]

    assert found == [["equal-1", "equal-3", "equal-5", "equal-8"]] * 3


# New


def test_new_reaches_every_visible_item_latest_first(service: Service):
    topic = "reached"
    items = [
        {
            "id": f"reached-{i:02d}",
            "title": "x",
            "topics": [topic],
            "listed_at": ago(days=i // 3),
            "hidden": i == 5,
        }
        for i in range(25)
    ]
    service.put_all(items)

    found = pages(service, "/v1/new", topic=topic, limit=4)

    flat = [item for page in found for item in page]
    assert sorted(flat) == [i["id"] for i in items if not i["hidden"]]
    assert [len(page) for page in found] == [4] * 6
    days = [int(item[-2:]) // 3 for item in flat]
    assert days == sorted(days)


def test_new_neither_repeats_nor_skips_while_items_arrive(service: Service):
    topic = "arriving"
    service.put_all(
        [
            {"id": f"arriving-{i}", "title": "x", "topics": [topic], "listed_at": ago(hours=i + 1)}
            for i in range(6)
        ]
    )
    first = service.get("/v1/new", topic=topic, limit=3)
    service.put("arriving-now", topics=[topic])
    second = service.get("/v1/new", topic=topic, limit=10, cursor=first["next"])

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == [f"arriving-{i}" for i in range(6)]
    assert [item["position"] for item in second["items"]] == [3, 4, 5]
    assert second["feed_id"] == first["feed_id"]


# Cursors


def test_pages_neither_repeat_nor_skip_while_votes_arrive(service: Service):
    topic = "moving"
    service.put_all([{"id": f"moving-{i}", "title": "x", "topics": [topic]} for i in range(10)])
    for i in range(10):
        vote(service, f"moving-{i}", *[1] * (10 - i))
    before = service.ids("/v1/trending", topic=topic)
    first = service.get("/v1/trending", topic=topic, limit=4)

    vote(service, "moving-9", *[1] * 12, name="late")
    vote(service, "moving-7", *[1] * 12, name="late")
    second = service.get("/v1/trending", topic=topic, limit=4, cursor=first["next"])
    third = service.get("/v1/trending", topic=topic, limit=4, cursor=second["next"])

    served = first["items"] + second["items"] + third["items"]
    assert [item["id"] for item in served] == before
    assert [item["position"] for item in served] == list(range(10))
    assert third["next"] is None
    assert service.ids("/v1/trending", topic=topic, limit=1) == ["moving-7"], "a new list moved on"


def test_what_is_hidden_meanwhile_is_not_on_a_later_page(service: Service):
    topic = "vanishing"
    service.put_all([{"id": f"vanishing-{i}", "title": "x", "topics": [topic]} for i in range(4)])
    for i in range(4):
        vote(service, f"vanishing-{i}", *[1] * (5 - i))
    first = service.get("/v1/trending", topic=topic, limit=2)
    service.http.patch("/v1/items/vanishing-2", json={"hidden": True})
    second = service.get("/v1/trending", topic=topic, limit=2, cursor=first["next"])

    assert [(item["id"], item["position"]) for item in second["items"]] == [("vanishing-3", 3)]


@pytest.fixture(scope="module")
def cursor(service: Service) -> str:
    service.put_all([{"id": f"cursor-{i}", "title": "x", "topics": ["cursor"]} for i in range(4)])
    for i in range(4):
        vote(service, f"cursor-{i}", 1)
    return service.get("/v1/trending", topic="cursor", limit=2)["next"]


def test_a_cursor_of_the_former_release_is_gone(service: Service):
    fields = ["trending", "0" * 8, 1, "f", "trending", 2, b"\1\0" * 300, b"", b"\1" * 300, None]
    former = base64.urlsafe_b64encode(msgspec.msgpack.encode(fields)).rstrip(b"=").decode()

    answer = service.http.get("/v1/trending", params={"cursor": former})

    assert answer.status_code == 410
    assert "start again" in answer.json()["detail"]


@pytest.mark.parametrize("broken", ["x", "%", "🦄", "AAAA", "gqRm", "a" * 15_000])
def test_a_broken_cursor_is_a_bad_request(service: Service, broken: str):
    for path in ("/v1/trending", "/v1/new", "/v1/daily/2025-01-01", "/v1/search"):
        query = {"q": "x"} if path == "/v1/search" else {}
        answer = service.http.get(path, params={"cursor": broken, **query})

        assert answer.status_code == 400, path
        assert answer.json()["field"] == "cursor"


def test_a_cursor_continues_the_list_it_came_from_only(service: Service, cursor: str):
    answer = service.http.get("/v1/similar", params={"cursor": cursor, "item": "cursor-0"})

    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


def test_a_forged_cursor_is_a_bad_request(service: Service, cursor: str):
    forged = cursor[:-1] + ("A" if cursor[-1] != "A" else "Q")

    answer = service.http.get("/v1/trending", params={"cursor": forged})

    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


# By day, week and month


def test_a_day_lists_its_items_by_votes_comments_time_and_id(service: Service):
    items = [
        {"id": "day-elsewhere", "upvotes": 7, "listed_at": "2021-05-04T00:00:00Z"},
        {"id": "day-voted", "upvotes": 6, "listed_at": "2021-05-04T23:59:59.999999Z"},
        {"id": "day-talked", "comments": 4, "listed_at": "2021-05-04T02:00:00Z"},
        {"id": "day-b", "listed_at": "2021-05-04T09:00:00Z"},
        {"id": "day-a", "listed_at": "2021-05-04T09:00:00Z"},
        {"id": "day-early", "listed_at": "2021-05-04T08:00:00Z"},
        {"id": "day-hidden", "listed_at": "2021-05-04T08:00:00Z", "upvotes": 99, "hidden": True},
        {"id": "day-before", "listed_at": "2021-05-03T23:59:59.999999Z", "upvotes": 99},
        {"id": "day-after", "listed_at": "2021-05-05T00:00:00Z", "upvotes": 99},
    ]
    service.put_all([{"title": "x", **item} for item in items])
    vote(service, "day-voted", 1, 2)

    day = service.get("/v1/daily/2021-05-04")

    assert [item["id"] for item in day["items"]] == [
        "day-voted", "day-elsewhere", "day-talked", "day-a", "day-b", "day-early",
    ]  # fmt: skip
    assert [item["score"] for item in day["items"]][:3] == [8, 7, 0]
    assert (day["previous"], day["period"], day["next"]) == (
        "2021-05-03", "2021-05-04", "2021-05-05",
    )  # fmt: skip
    assert day["cursor"] is None
    assert "upvotes" in day["sorted_by"]


def test_previous_and_next_skip_empty_periods(service: Service):
    service.put_all(
        [
            {"id": f"skip-{day}", "title": "x", "topics": ["skip"], "listed_at": f"{day}T12:00:00Z"}
            for day in ("2019-12-30", "2020-02-10", "2021-01-03")
        ]
    )

    daily = service.get("/v1/daily/2020-02-10", topic="skip")
    weekly = service.get("/v1/weekly/2020-W07", topic="skip")
    monthly = service.get("/v1/monthly/2020-02", topic="skip")

    assert (daily["previous"], daily["next"]) == ("2019-12-30", "2021-01-03")
    assert (weekly["previous"], weekly["next"]) == ("2020-W01", "2020-W53")
    assert (monthly["previous"], monthly["next"]) == ("2019-12", "2021-01")
    for answer in (daily, weekly, monthly):
        assert [item["id"] for item in answer["items"]] == ["skip-2020-02-10"]


@pytest.mark.parametrize(
    ("path", "previous"),
    [
        ("/v1/daily/2018-07-09", "2018-07-08"),
        ("/v1/daily/9999-12-31", "2018-07-08"),
        ("/v1/weekly/2018-W28", "2018-W27"),
        ("/v1/monthly/2999-01", "2018-07"),
    ],
)
def test_an_empty_or_future_period_is_empty_and_names_the_one_before(
    service: Service, path: str, previous: str
):
    service.put("lonely", topics=["lonely"], listed_at="2018-07-08T10:00:00Z")

    answer = service.get(path, topic="lonely")

    assert answer["items"] == []
    assert (answer["previous"], answer["next"], answer["cursor"]) == (previous, None, None)


def test_a_long_period_is_paged_without_repeats_while_votes_arrive(service: Service):
    ids = [f"long-{i:03d}" for i in range(130)]
    service.put_all([{"id": i, "title": "x", "listed_at": "2017-03-01T00:00:00Z"} for i in ids])
    first = service.get("/v1/monthly/2017-03", limit=50)
    vote(service, "long-129", *[1] * 3)
    vote(service, "long-000", *[1] * 2)

    second = service.get("/v1/monthly/2017-03", limit=50, cursor=first["cursor"])
    third = service.get("/v1/monthly/2017-03", limit=50, cursor=second["cursor"])

    served = first["items"] + second["items"] + third["items"]
    assert [item["id"] for item in served] == ids
    assert [item["position"] for item in served] == list(range(130))
    assert third["cursor"] is None
    assert service.ids("/v1/monthly/2017-03", limit=2) == ["long-129", "long-000"]
    elsewhere = service.http.get("/v1/monthly/2017-04", params={"cursor": first["cursor"]})
    assert elsewhere.status_code == 400


def test_days_begin_in_the_one_configured_zone(new_service: Callable[..., Service]):
    service = new_service(timezone="America/Los_Angeles").start()
    service.put("late", listed_at="2025-12-10T07:59:59Z")
    service.put("early", listed_at="2025-12-10T08:00:00Z")

    assert service.ids("/v1/daily/2025-12-09") == ["late"]
    assert service.ids("/v1/daily/2025-12-10") == ["early"]
    assert service.get("/v1/daily/2025-12-09")["next"] == "2025-12-10"


# Filters


def test_lists_are_filtered_by_topic_organisation_date_and_item(service: Service):
    def put(name: str, day: int, topics: list[str], slug: str) -> None:
        service.put(
            f"filter-{name}",
            topics=["filter", *topics],
            listed_at=f"2016-02-0{day}T12:00:00Z",
            organisation={"slug": slug, "name": slug.title()},
        )

    put("a", 1, ["x"], "acme")
    put("b", 2, ["x", "y"], "acme")
    put("c", 3, ["y"], "other")

    def found(**params: object) -> list[str]:
        ids = service.ids("/v1/monthly/2016-02", topic_all="filter", **params)
        return [item.removeprefix("filter-") for item in ids]

    assert found() == ["c", "b", "a"]
    assert found(topic=["x", "y"]) == ["c", "b", "a"]
    assert found(topic="x") == ["b", "a"]
    assert found(topic_not="x") == ["c"]
    assert found(organisation="acme") == ["b", "a"]
    assert found(since="2016-02-02") == ["c", "b"]
    assert found(until="2016-02-02") == ["a"]
    assert found(exclude=["filter-c", "filter-a"]) == ["b"]
    assert service.ids("/v1/monthly/2016-02", topic_all=["filter", "x", "y"]) == ["filter-b"]


def test_topics_are_counted_over_what_can_be_listed(service: Service):
    service.put("counted-1", topics=["counted", "counted too"])
    service.put("counted-2", topics=["counted"])
    service.put("counted-3", topics=["counted"], hidden=True)

    topics = service.get("/v1/topics", limit=10_000)["topics"]

    assert {t["topic"]: t["items"] for t in topics if t["topic"].startswith("counted")} == {
        "counted": 2,
        "counted too": 1,
    }
    assert topics == sorted(topics, key=lambda t: (-t["items"], t["topic"]))


def test_a_missing_parameter_is_named(service: Service):
    assert service.http.get("/v1/search").json()["field"] == "q"
