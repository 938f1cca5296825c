import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.service import Service


def post(service: Service, content: str | bytes, **options):
    return service.http.post("/v1/events", content=content, **options)


def is_problem(response, status: int, field: str | None) -> bool:
    assert response.headers["content-type"].startswith("application/problem+json"), response.text
    found = response.json()
    assert (found["status"], response.status_code) == (status, status), found
    assert found.get("field") == field, found
    return True


def stored(service: Service, user: str) -> list:
    answer = service.http.get(f"/v1/users/{user}")
    return answer.json()["interactions"] if answer.status_code == 200 else []


def test_one_event_an_array_and_lines_are_the_same(service: Service):
    one = {"user": "shapes", "kind": "click"}
    lines = "\n".join(json.dumps(one | {"item": f"line-{i}"}) for i in range(2))

    answers = [
        post(service, json.dumps(one | {"item": "single"})),
        post(service, json.dumps([one | {"item": "array"}])),
        post(service, lines, headers={"content-type": "application/x-ndjson"}),
        post(service, json.dumps(one | {"item": "beacon"}), headers={"content-type": "text/plain"}),
        post(service, json.dumps(one | {"item": "pretty"}, indent=2)),
    ]

    assert [a.status_code for a in answers] == [202] * 5
    assert [a.json()["accepted"] for a in answers] == [1, 1, 2, 1, 1]
    assert {i["item"] for i in stored(service, "shapes")} == {
        "single", "array", "line-0", "line-1", "beacon", "pretty",
    }  # fmt: skip


def test_the_same_event_id_twice_is_one_event(service: Service):
    event = {"user": "twice", "item": "x", "kind": "click", "event_id": "e-1"}

    assert service.send(event, event) == {"accepted": 1, "duplicates": 1, "rejected": []}
    assert service.send(event) == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert stored(service, "twice")[0]["signals"]["click"]["count"] == 1


def test_what_is_right_is_stored_even_if_others_are_not(service: Service):
    answer = service.send(
        {"user": "mixed", "item": "good", "kind": "upvote"},
        {"user": "mixed", "item": "bad", "kind": "applaud"},
        {"item": "nobody", "kind": "click"},
        {"user": "mixed", "kind": "click"},
        {"user": "mixed", "item": "odd", "kind": "click", "colour": "red"},
    )

    assert answer["accepted"] == 1
    assert [(r["index"], r["field"]) for r in answer["rejected"]] == [
        (1, "kind"), (2, "user"), (3, "item"), (4, "colour"),
    ]  # fmt: skip
    assert [i["item"] for i in stored(service, "mixed")] == ["good"]


AHEAD = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(
    ("field", "event"),
    [
        ("kind", {"kind": "applaud"}),
        ("kind", {"kind": 7}),
        ("at", {"at": AHEAD}),
        ("at", {"at": "yesterday"}),
        ("at", {"at": "2026-01-01T00:00:00"}),
        ("at", {"at": "1960-01-01T00:00:00Z"}),
        ("item", {"item": "tab\there"}),
        ("item", {"item": "ends with a line\n"}),
        ("item", {"item": ""}),
        ("item", {"item": "x" * 257}),
        ("user", {"user": "\u0000"}),
        ("user", {"user": None}),
        ("position", {"position": -1}),
        ("value", {"value": -3}),
        ("value", {"value": "long"}),
        ("colour", {"colour": "red"}),
    ],
)
def test_a_bad_event_gets_a_problem_that_names_the_field(service: Service, field, event):
    whole = {"user": "wrong", "item": "x", "kind": "click"} | event

    assert is_problem(post(service, json.dumps(whole)), 400, field)
    assert stored(service, "wrong") == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b'{"user": "wrong", "item": "x", "kind": "cli', 400),
        (b'{"user": "wrong", "item": "\xff\xfe", "kind": "click"}', 400),
        (b'"text"', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (json.dumps([{"user": "wrong", "item": "x", "kind": "click"}] * 1001).encode(), 413),
        (b'{"user": "wrong", "item": "' + b"x" * 10_000_000 + b'", "kind": "click"}', 413),
    ],
    ids=["empty", "text", "cut", "utf-8", "string", "deep", "deeper", "1001", "10MB"],
)
def test_a_bad_body_gets_a_problem_and_nothing_is_stored(service: Service, content, status):
    response = post(service, content)

    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    assert response.json()["field"]
    assert stored(service, "wrong") == []


def test_a_body_of_unknown_length_is_cut_off_too(service: Service):
    def endless():
        for _ in range(100):
            yield b" " * 100_000

    assert is_problem(service.http.post("/v1/events", content=endless()), 413, "body")


def test_states_follow_their_own_time_and_not_the_order_of_arrival(service: Service):
    service.send(
        {"user": "late", "item": "x", "kind": "unvote", "at": "2026-01-02T00:00:00Z"},
        {"user": "late", "item": "x", "kind": "upvote", "at": "2026-01-01T00:00:00Z"},
        {"user": "late", "item": "y", "kind": "save", "at": "2026-01-02T00:00:00+02:00"},
        {"user": "late", "item": "y", "kind": "unsave", "at": "2026-01-01T21:00:00Z"},
    )

    assert [i["item"] for i in stored(service, "late")] == ["y"]
    assert stored(service, "late")[0]["states"] == {"save": "2026-01-01T22:00:00Z"}


@pytest.mark.parametrize("per_second", [1, 1_000, 1_000_000])
def test_times_may_be_numbers_since_1970(service: Service, per_second: int):
    user, at = f"numbers {per_second}", datetime(2026, 3, 11, 9, 30, 15, tzinfo=UTC)
    number = int(at.timestamp() * per_second)

    service.act(user, "upvote", "a", at=number)
    service.act(user, "unvote", "a", at=(at - timedelta(seconds=1)).isoformat())
    service.act(user, "click", "b", at=number + 0.5 * per_second)
    behind = number - 40 * 86_400 * per_second
    service.act(user, "click", "c", at=behind, sent_at=behind)

    found = {one["item"]: one for one in stored(service, user)}
    assert found["a"]["states"] == {"upvote": "2026-03-11T09:30:15Z"}
    assert set(found) == {"a", "b", "c"}


@pytest.mark.parametrize("at", [0, -1, 5, 1e17, 1e300, 32503680000, "1773221415"])
def test_numbers_that_are_no_times_to_believe_are_refused(service: Service, at: object):
    event = {"user": "odd numbers", "item": "x", "kind": "click", "at": at}

    assert is_problem(post(service, json.dumps(event)), 400, "at")


def test_events_of_one_request_without_times_keep_their_order(service: Service):
    up, down = ({"user": "quick", "item": "x", "kind": k} for k in ("upvote", "unvote"))

    service.send(up, down)
    assert stored(service, "quick") == []
    service.send(up, down, up)
    assert len(stored(service, "quick")) == 1


def test_an_event_for_an_unknown_item_takes_effect_when_the_item_arrives(service: Service):
    service.act("early", "upvote", "early-item")
    service.settled()
    assert "early-item" not in service.ids("/v1/trending")

    service.put("early-item")
    service.put("another-item")  # who has seen everything is shown it again

    assert "early-item" in service.ids("/v1/trending", limit=100)
    assert "early-item" not in [i["id"] for i in service.feed("early")["items"]]


def test_strict_rejects_an_unknown_item_instead(service: Service):
    event = json.dumps({"user": "strict", "item": "nowhere", "kind": "click"})

    assert is_problem(post(service, event, params={"strict": "true"}), 400, "item")
    assert stored(service, "strict") == []


def test_ids_may_hold_anything_but_control_characters(service: Service):
    for item in ("math.GT/0309136", "a b", "ü/ß?#%", "..", "1e5", "💡"):
        assert service.act("anything", "click", item)["accepted"] == 1
    assert len(stored(service, "anything")) == 6


def test_a_read_counts_by_its_seconds(service: Service):
    service.act("slow", "read", "long", value=90.5)
    service.act("slow", "read", "long", value=30)

    assert stored(service, "slow")[0]["signals"]["read"]["value"] == 120.5


def test_of_lines_each_is_judged_by_itself(service: Service):
    good = [json.dumps({"user": "lines", "item": f"l{n}", "kind": "click"}) for n in range(999)]
    cut = json.dumps({"user": "lines", "item": "l999", "kind": "click"})[:-20]

    whole = post(service, "\n".join([*good, cut])).json()
    noise = post(
        service, "\r\n".join([good[0], "", "not json", '["list"]', cut, good[1], "7"])
    ).json()
    alone = post(service, "\n".join([cut, good[0]])).json()

    assert (whole["accepted"], [r["index"] for r in whole["rejected"]]) == (999, [999])
    assert (noise["accepted"], [r["index"] for r in noise["rejected"]]) == (2, [1, 2, 3, 5])
    assert (alone["accepted"], [r["index"] for r in alone["rejected"]]) == (1, [0])


# What other programs write into a list that is no JSON to everybody: half a character, no number.
ODD = ['"\\ud83d"', '"\\udc00\\ud800"', "NaN", "-Infinity", '"\t"', '"\x00"']


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_an_array_each_member_is_judged_by_itself(service: Service, odd: str, place: int):
    user = f"members {ODD.index(odd)} {place}"
    good = [json.dumps({"user": user, "item": f"m{n}", "kind": "click"}) for n in range(2)]
    members = [
        *good[:place],
        f'{{"user": "{user}", "item": {odd}, "kind": "click"}}',
        *good[place:],
    ]

    found = post(service, f"[ {' , '.join(members)}\n]").json()

    assert (found["accepted"], [r["index"] for r in found["rejected"]]) == (2, [place])
    assert {i["item"] for i in stored(service, user)} == {"m0", "m1"}


@pytest.mark.parametrize("end", ["", ",", ",]", "] x", "]]", "}"])
def test_an_array_that_does_not_end_as_one_is_refused_whole(service: Service, end: str):
    good = json.dumps({"user": "wrong", "item": "x", "kind": "click"})

    assert is_problem(post(service, f'[{good}, {{"user": NaN}}{end}'), 400, "body")
    assert stored(service, "wrong") == []


def test_a_leap_second_is_the_end_of_its_minute_wherever_a_time_may_stand(service: Service):
    leap, end = "2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"
    one = {"user": "leap", "kind": "upvote", "at": leap}

    answers = [
        post(service, json.dumps(one | {"item": "single"})),
        post(service, json.dumps([one | {"item": "array"}])),
        post(service, json.dumps(one | {"item": "line"}) + "\nx"),
        post(service, json.dumps({"events": [one | {"item": "beacon"}], "sent_at": leap})),
    ]
    with_history = service.http.post(
        "/v1/feed", json={"history": [{"item": "single", "kind": "upvote", "at": leap}]}
    )
    listed = service.http.get("/v1/new", params={"since": leap, "until": leap})

    assert [a.status_code for a in answers] == [202] * 4
    assert [a.json()["accepted"] for a in answers] == [1] * 4
    assert {i["item"]: i["states"]["upvote"] for i in stored(service, "leap")} | {
        "beacon": ""
    } == dict.fromkeys(["single", "array", "line"], end) | {"beacon": ""}
    assert (with_history.status_code, listed.status_code) == (200, 200)


@pytest.mark.parametrize("lines", ['{\n "user": "wrong",\n "item": "x"\n', "a\nb", '["a"]\n["b"]'])
def test_what_holds_no_line_that_is_an_event_is_refused_whole(service: Service, lines: str):
    assert is_problem(post(service, lines), 400, "body")
