"""Lists that are everybody's, asked for by a reader: without what they hid and mute, no more."""

import pytest

from tests.secured import ORIGIN, Secured
from tests.service import wait_until

IDS = [f"board-{n}" for n in range(6)]
TOPIC = "boards"

LISTS = [
    ("/v1/trending", {"window": "day"}),
    ("/v1/new", {}),
    ("/v1/daily/2014-05-06", {}),
    ("/v1/weekly/2014-W19", {}),
    ("/v1/monthly/2014-05", {}),
    ("/v1/search", {"q": "marshes"}),
    ("/v1/similar", {"item": "board-like"}),
]


@pytest.fixture(scope="module")
def board(secured: Secured) -> Secured:
    """Six papers on every list; ann hid one of them, mutes another and upvoted a third."""
    key = secured.secret

    def call(method: str, path: str, **options: object) -> None:
        answer = secured.call(method, path, key, **options)
        assert answer.status_code < 300, answer.text

    items = [
        {
            "id": item,
            "title": f"On marshes, part {n}",
            "text": "Birds of marshes wade in water." + (" Penguins too." if n == 2 else ""),
            "topics": [TOPIC],
            "listed_at": "2014-05-06T12:00:00Z",
        }
        for n, item in enumerate(IDS)
    ]
    items.append({"id": "board-like", "title": "On marshes", "text": "Birds wade in water."})
    call("POST", "/v1/items", json=items)
    events = [{"user": "voter", "kind": "upvote", "item": item} for item in IDS]
    events += [
        {"user": "ann", "kind": "hide", "item": IDS[1]},
        {"user": "ann", "kind": "upvote", "item": IDS[3]},
    ]
    call("POST", "/v1/events", json=events)
    call("PATCH", "/v1/preferences", params={"user": "ann"}, json={"words": {"penguin": "mute"}})
    wait_until(lambda: len(ids(secured, "/v1/trending", key)) == len(IDS), "votes on the boards")
    return secured


def ids(
    secured: Secured, path: str, key: str, origin: str | None = None, **asked: object
) -> list[str]:
    params = {"topic": TOPIC, "limit": 50, **asked}
    answer = secured.call("GET", path, key, origin, params=params)
    assert answer.status_code == 200, answer.text
    return sorted(one["id"] for one in answer.json()["items"])


@pytest.mark.parametrize(("path", "own"), LISTS)
def test_what_a_reader_hid_or_mutes_is_on_none_of_their_lists(
    board: Secured, path: str, own: dict[str, str]
):
    seen = [IDS[0], IDS[3], IDS[4], IDS[5]]

    assert ids(board, path, board.secret, user="ann", **own) == seen
    assert ids(board, path, board.token("ann"), **own) == seen
    assert ids(board, path, board.secret, **own) == IDS
    assert ids(board, path, board.secret, user="bea", **own) == IDS


@pytest.mark.parametrize(("path", "own"), LISTS)
def test_who_may_name_a_reader_is_as_with_feeds(board: Secured, path: str, own: dict[str, str]):
    foreign = board.call("GET", path, board.token("bea"), params={"user": "ann", **own})
    assert foreign.status_code == 403
    # What a page says of readers is not believed.
    public = ids(board, path, board.publishable, ORIGIN, user="ann", **own)
    assert public == IDS


@pytest.mark.parametrize(("path", "own"), LISTS)
def test_what_is_hidden_while_a_reader_reads_is_not_on_their_next_page(
    board: Secured, path: str, own: dict[str, str]
):
    user = f"pager-{path}"
    asked = {"topic": TOPIC, "limit": 2, "user": user, **own}
    first = board.call("GET", path, board.secret, params=asked).json()
    shown = {one["id"] for one in first["items"]}
    gone = next(item for item in IDS if item not in shown)
    board.call(
        "POST", "/v1/events", board.secret, json={"user": user, "kind": "hide", "item": gone}
    )

    cursor = first["cursor"] if "cursor" in first else first["next"]
    asked |= {"cursor": cursor, "limit": 50}
    rest = board.call("GET", path, board.secret, params=asked).json()

    later = {one["id"] for one in rest["items"]}
    assert later == set(IDS) - shown - {gone}


def test_a_board_for_a_reader_says_whose_it_is_and_gives_everybodys_reasons(board: Secured):
    params = {"topic": TOPIC, "user": "ann"}

    answer = board.call("GET", "/v1/trending", board.secret, params=params).json()

    assert answer["user"] == "ann"
    assert {one["reason"]["kind"] for one in answer["items"]} == {"trending"}
    assert board.call("GET", "/v1/trending", board.secret).json()["user"] is None
