"""What is asked of a service on a data folder, whichever release serves it.

Only lists that do not depend on the hour: nothing counts for being fresh or for trending of late, and
nothing is explored. Their readers, items and events have days of their own, years away from any timer.
"""

from typing import Any

from tests.service import Service

# Both releases run with these. Nothing lapses and nothing is trained anew unless a test wants it.
SETTINGS = {
    "fresh_weight": 0,
    "trending_weight": 0,
    "explore_share": 0,
    "profile_ttl_days": 36_500,
    "archive_days": 0,
    "timezone": "UTC",
}

SUBJECTS = {
    "heron": ("wading birds", "A heron stands in shallow water and waits for fish to come near"),
    "lichen": ("growth on stone", "A lichen grows on bare stone where neither moss nor grass will"),
    "loom": ("weaving", "A loom holds the warp under tension so that the weft can pass between"),
}
N_EACH = 10
READERS = [f"reader-{n}" for n in range(12)]
SUBSCRIBER = "subscriber@example.com"
GORSE_FEEDBACK = {
    "FeedbackType": "like",
    "UserId": "reader-6",
    "ItemId": "loom/4",
    "Timestamp": "2024-03-17T12:00:00Z",
}
PRIVATE = "reader-1"  # has a private address of their feed
OTHER_NAME = "10.5555/heron.1"

# Every call is answered with the same ids in the same order, and with the same figures.
_LISTS = [
    ("/v1/trending", {"window": "all", "limit": 30}),
    ("/v1/new", {"limit": 30}),
    ("/v1/daily/2024-03-04", {}),
    ("/v1/weekly/2024-W10", {}),
    ("/v1/monthly/2024-03", {"limit": 30}),
    ("/v1/search", {"q": "tension of the warp"}),
    *[("/v1/similar", {"item": f"{subject}/1"}) for subject in SUBJECTS],
]
GORSE_ROWS = "/gorse/api/user/reader-6/feedback"
_RECORDS = [
    *[(f"/v1/users/{reader}", {}) for reader in READERS],
    ("/v1/preferences", {"user": "reader-1"}),
    ("/v1/items/heron/1", {}),
    (f"/v1/items/{OTHER_NAME}", {}),
    (GORSE_ROWS, {}),
]


def items() -> list[dict[str, Any]]:
    """Thirty items on three subjects, listed on ten days."""
    return [
        {
            "id": f"{subject}/{n}",
            "title": f"On {word}, part {n}: the {subject}",
            "text": f"{sentence}. This part looks at aspect {n} of {word}.",
            "topics": [subject, word],
            "authors": ["Ida Example", f"Writer {n % 4}"],
            "organisation": {"slug": f"{subject}-society", "name": f"Society of the {subject}"},
            "listed_at": f"2024-03-{n + 1:02}T0{k}:00:00Z",
            "published_at": f"2024-02-{n + 1:02}T0{k}:00:00Z",
        }
        for k, (subject, (word, sentence)) in enumerate(SUBJECTS.items(), 1)
        for n in range(N_EACH)
    ]


def events() -> list[dict[str, Any]]:
    """Events of every kind: each reader keeps to a subject, and looks into the next one."""
    subjects = list(SUBJECTS)
    found: list[dict[str, Any]] = []

    def add(reader: int, kind: str, item: str, **fields: Any) -> None:
        day, second = 11 + reader, len(found) % 60
        at = f"2024-03-{day}T12:{len(found) // 60:02}:{second:02}Z"
        found.append(
            {"user": READERS[reader], "kind": kind, "item": item, "at": at, **fields}
            | {"event_id": f"event-{len(found)}"}
        )

    for reader in range(len(READERS)):
        mine, other = subjects[reader % 3], subjects[(reader + 1) % 3]
        for n in range(6):
            add(reader, "impression", f"{mine}/{n}")
        for n in (reader % 5, (reader + 1) % 5, (reader + 3) % 5):
            add(reader, "click", f"{mine}/{n}")
            add(reader, "read", f"{mine}/{n}", value=20 + n)
        add(reader, "upvote", f"{mine}/{reader % 5}")
        add(reader, "upvote", f"{mine}/{(reader + 1) % 5}")
        add(reader, "upvote", f"{other}/{reader % 4}")
        add(reader, "save", f"{mine}/{(reader + 2) % 5}")
        add(reader, "share", f"{mine}/{reader % 5}")
    add(0, "unvote", "heron/1")
    add(1, "unsave", "lichen/3")
    add(2, "hide", "loom/8")
    add(3, "hide", "heron/9")
    add(3, "unhide", "heron/9")
    add(4, "upvote", "an item that never came")
    return found


def answers(service: Service) -> dict[str, Any]:
    """Return everything that must be the same in every release that serves this folder."""
    snapshots = service.get("/v1/snapshots")
    stats = service.get("/v1/stats")
    return {
        "snapshot": snapshots["serving"],
        "snapshots": [s["id"] for s in snapshots["snapshots"]],
        "items": stats["items"],
        "feeds": {
            f"{user} {seen}": _list(service, "/v1/feed", user=user, seen=seen, limit=30)
            for user in READERS[:6]
            for seen in ("show", "forever")
        },
        "lists": {_name(path, asked): _list(service, path, **asked) for path, asked in _LISTS},
        "records": {_name(path, asked): service.get(path, **asked) for path, asked in _RECORDS},
        "votes": service.get("/v1/votes", item=[item["id"] for item in items()], user=READERS[0])[
            "items"
        ],
    }


def _name(path: str, asked: dict[str, Any]) -> str:
    return " ".join([path, *(f"{name}={value}" for name, value in asked.items())])


def _list(service: Service, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Return what a list says of each item, whatever its feed id and its hour."""
    return [
        {"id": item["id"], "score": item.get("score"), "source": item.get("source")}
        | {"upvotes": item["item"]["upvotes"]}
        for item in service.get(path, **asked)["items"]
    ]
