"""One recording, and every door it can go through.

A door that cannot carry something says so (`without`, `kinds`, `is_timed`), and the recording is
restricted to what it can: what is left must come out the same.
"""

import asyncio
import csv
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gorse
import httpx

from recsvc.client import AsyncClient, Client, Event
from tests.service import Service

TIMES = [f"2026-11-{day:02}T10:00:00Z" for day in range(1, 29)]

Recorded = list[dict[str, Any]]


def recording() -> Recorded:
    """What two readers did to four items, some of it twice, some of it late."""
    ann = [
        ("impression", "p1", 0, {"feed_id": "f", "position": 0}),
        ("impression", "p2", 0, {"feed_id": "f", "position": 1}),
        ("impression", "p1", 3, {}),
        ("click", "p1", 1, {"feed_id": "f", "position": 0}),
        ("click", "p1", 2, {}),
        ("click", "p1", 2, {}),  # the same again
        ("read", "p1", 3, {"value": 75.5}),
        ("read", "p1", 4, {"value": 30}),
        ("upvote", "p1", 5, {}),
        ("unvote", "p1", 6, {}),
        ("upvote", "p2", 7, {}),
        ("unvote", "p3", 9, {}),
        ("upvote", "p3", 8, {}),  # it comes late, and loses
        ("save", "p2", 10, {}),
        ("unsave", "p2", 11, {}),
        ("save", "p4", 12, {}),
        ("hide", "p4", 13, {}),
        ("unhide", "p4", 14, {}),
    ]
    bob = [
        ("upvote", "p2", 8, {}),
        ("share", "p2", 9, {}),
        ("hide", "p1", 10, {}),
        ("upvote", "p4", 11, {}),
        ("upvote", "p4", 11, {}),  # the same again
        ("read", "p3", 12, {"value": 0.125}),
    ]
    return [
        {"user": user, "kind": kind, "item": item, "at": TIMES[at],
         "event_id": f"{kind}-{item}-{at}", **more}
        for user, events in (("ann", ann), ("bob", bob))
        for kind, item, at, more in events
    ]  # fmt: skip


@dataclass
class Door:
    """A way in.

    Attributes:
        send: sends events with the ids of users and items as they are to be stored.
        kinds: what it can carry; None for all.
        without: fields it cannot carry.
        is_timed: whether events happen when they say, and not when they come.
        readers: whom it can speak for.
    """

    name: str
    send: Callable[[Service, Recorded, Path], Any]
    kinds: set[str] | None = None
    without: set[str] = field(default_factory=set)
    is_timed: bool = True
    readers: tuple[str, ...] = ("ann", "bob")

    def restricted(self, prefix: str) -> Recorded:
        """What of the recording goes through, under names of its own."""
        events = [e for e in recording() if self.carries(e)]
        if not self.is_timed:  # nothing comes late there, and nothing twice
            events = list(
                {e["event_id"]: e for e in sorted(events, key=lambda e: e["at"])}.values()
            )
        return [
            {k: v for k, v in e.items() if k not in self.without}
            | {"user": f"{prefix}-{e['user']}", "item": f"{prefix}-{e['item']}"}
            for e in events
        ]

    def carries(self, event: dict[str, Any]) -> bool:
        return event["user"] in self.readers and (self.kinds is None or event["kind"] in self.kinds)


def post(service: Service, path: str, content: str) -> None:
    answer = service.http.post(path, content=content)
    assert answer.status_code < 300, answer.text
    assert not answer.json().get("rejected"), answer.text


def singly(service: Service, events: Recorded, _: Path) -> None:
    for event in events:
        post(service, "/v1/events", json.dumps(event))


def in_a_batch(service: Service, events: Recorded, _: Path) -> None:
    post(service, "/v1/events", json.dumps(events))


def as_lines(service: Service, events: Recorded, _: Path) -> None:
    post(service, "/v1/events", lines(events))


def as_a_beacon(service: Service, events: Recorded, _: Path) -> None:
    post(service, "/v1/events", json.dumps({"events": events}))


def lines(rows: Recorded) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(rows: Recorded, delimiter: str) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def imported(text: Callable[[Recorded], str]) -> Callable[[Service, Recorded, Path], None]:
    def send(service: Service, events: Recorded, folder: Path) -> None:
        path = folder / "events.txt"
        path.write_text(text(events))
        done = service.run("import", "--json", str(path))
        assert done.returncode == 0, done.stdout + done.stderr

    return send


def as_feedback(events: Recorded) -> Recorded:
    """As Gorse knows it: a row per type, user and item, and no word but the test's for reading."""
    return [
        {"FeedbackType": "reading" if e["kind"] == "read" else e["kind"], "UserId": e["user"],
         "ItemId": e["item"], "Timestamp": e["at"], "Value": e.get("value", 0)}
        for e in events
    ]  # fmt: skip


def by_gorses_client(service: Service, events: Recorded, _: Path) -> None:
    client = gorse.Gorse(f"{service.http.base_url}/gorse", "none")
    assert client.insert_feedbacks(as_feedback(events))["RowAffected"] == len(events)


def by_the_client(service: Service, events: Recorded, _: Path) -> None:
    with Client(str(service.http.base_url)) as client:
        client.events.add(*[Event(**e) for e in events[::2]])
        client.events.flush()
        client.record([Event(**e) for e in events[1::2]])


def by_the_async_client(service: Service, events: Recorded, _: Path) -> None:
    async def send() -> None:
        async with AsyncClient(str(service.http.base_url)) as client:
            for event in events:
                details = {k: v for k, v in event.items() if k not in ("user", "kind", "item")}
                await client.act(event["user"], event["kind"], event["item"], **details)

    asyncio.run(send())


JS = """
import { readFileSync } from "node:fs";
const [url, module, file] = process.argv.slice(2);
const { Recsvc } = await import(module);
const client = new Recsvc(url);
const events = JSON.parse(readFileSync(file));
client.events.add(...events.filter((_, n) => n % 2));
await client.close();
await client.record(events.filter((_, n) => n % 2 === 0));
"""


def by_the_js_client(service: Service, events: Recorded, folder: Path) -> None:
    module, script, file = (folder / n for n in ("recsvc.mjs", "send.mjs", "events.json"))
    module.write_bytes(service.http.get("/embed/client.js").content)
    script.write_text(JS)
    file.write_text(json.dumps(events))
    done = subprocess.run(
        ["node", script, str(service.http.base_url), module, file], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def by_the_buttons(service: Service, events: Recorded, _: Path) -> None:
    """One reader, whom the site names."""
    with httpx.Client(base_url=service.http.base_url) as browser:
        # Of somebody who is not known nothing is kept: who votes, if only to take nothing back, is.
        browser.post("/vote", data={"item": events[0]["item"], "kind": "unvote"})
        for event in events:
            path = "/click" if event["kind"] == "click" else "/vote"
            form = {k: event[k] for k in ("item", "kind", "feed_id", "position") if k in event}
            answer = browser.post(path, data=form)
            assert answer.status_code in (204, 303), answer.text


ROWS = {"feed_id", "position", "event_id"}

DOORS = [
    Door("one by one", singly),
    Door("in a batch", in_a_batch),
    Door("as lines", as_lines),
    Door("as a beacon", as_a_beacon),
    Door("client.py", by_the_client),
    Door("client.py, async", by_the_async_client),
    Door("client.js", by_the_js_client),
    Door("import of lines", imported(lines)),
    Door("import of a list", imported(json.dumps)),
    Door("import of CSV", imported(lambda rows: table(rows, ","))),
    Door("import of TSV", imported(lambda rows: table(rows, "\t"))),
    Door("import of Gorse's rows", imported(lambda e: lines(as_feedback(e))), without=ROWS),
    Door("Gorse's client", by_gorses_client, without=ROWS),
    Door(
        "buttons", by_the_buttons, {"click", "upvote", "unvote", "hide", "unhide"},
        {"event_id", "at"}, is_timed=False, readers=("ann",),
    ),
]  # fmt: skip
