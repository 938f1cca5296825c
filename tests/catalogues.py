"""Random catalogues as people have them, put into a running service over HTTP, and every list asked for.

    python -m tests.catalogues --examples 10000

Boilerplate, empty, one-word, repeated, huge and hostile texts and topics, 1 to 3,000 items in any order
of arrival, replaced and deleted: no list may be empty or fail when items remain, no score no number.
The long form trains models on what it puts; `tests/api/v1/test_ordinary_catalogues.py` is the short one.
"""

import argparse
import itertools
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.service import Service, wait_until

BOILERPLATE = "We propose a novel method and show that it outperforms the state of the art"
WORDS = [
    "crane",
    "otter",
    "marsh",
    "river",
    "engine",
    "orbit",
    "sonata",
    "ledger",
    "the",
    "of",
    "a",
]
TITLES = [
    "Word", "Example Gazette", "The the the", "A", "…", "🙂 🙂", "漢字" * 60, "%s {0} NULL", "-",
    "\\'{}\" $x_1$ <b>&amp;", "repeated " * 50, "é" * 99 + "\u0301" * 50, "NaN inf -1e999",
    "\u202eright to left", "' OR 1=1 --", "x" * 60,
]  # fmt: skip
TOPICS = ["cs.LG", "NaN", "topic " * 15, "漢", " spaced  out ", "CS.lg", "%", "🙂", "a/b", "'", "0"]
SIZES = (1, 1, 2, 3, 5, 17, 60, 60, 300)
LARGE = (1_000, 3_000)


def title(chance: random.Random, n: int) -> str:
    """One title, of whichever kind the catalogue has."""
    made = (
        chance.choice(TITLES),
        f"{BOILERPLATE} {n % 7}",
        f"Story {n % 40} | Example Gazette",
        f"Place {n}",
        " ".join(chance.choices(WORDS, k=chance.randint(1, 9))),
    )
    return made[chance.randrange(len(made))]


def text(chance: random.Random, n: int) -> str:
    """One text."""
    made = (
        "",
        BOILERPLATE,
        "word " * 300,
        f"{BOILERPLATE} on {' '.join(chance.choices(WORDS, k=9))}",
    )
    huge = " ".join(f"huge{i * n}" for i in range(400)) if chance.random() < 0.05 else ""
    return huge or chance.choice(made)


class Catalogue:
    """What of a service's catalogue this program put there."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.shown: set[str] = set()
        self._readers = itertools.count()

    def example(self, chance: random.Random, sizes: tuple[int, ...]) -> list[str]:
        """Replace the catalogue by another, and ask for every list; return what was wrong."""
        self._replace(chance, chance.choice(sizes))
        if not self.shown:
            return []
        return [f"{len(self.shown)} items: {problem}" for problem in self._problems(chance)]

    def n_unsound(self) -> int:
        """How many rankings came to no number, or were empty though something could be listed."""
        metrics = self.service.http.get("/metrics").text
        found = re.findall(
            r"^recsvc_(?:not_finite|empty_feeds)_total ([\d.]+)", metrics, re.MULTILINE
        )
        assert len(found) == 2, metrics
        return sum(int(float(figure)) for figure in found)

    def show(self, items: list[dict[str, Any]]) -> None:
        """Have the catalogue list some items and no others."""
        ids = {str(item["id"]) for item in items}
        gone = [{"id": item, "title": "x", "hidden": True} for item in sorted(self.shown - ids)]
        for batch in _batches([*gone, *items]):
            done = self.service.put_all(batch)
            assert done["rejected"] == [], done["rejected"][:1]
        self.shown = ids

    def _replace(self, chance: random.Random, n: int) -> None:
        is_alike = chance.random() < 0.4  # all of one kind, as a site's own titles are
        kind = chance.randrange(10**6)
        ids = [f"c/{i}" for i in chance.sample(range(3_000), n)]
        items = []
        for i, item in enumerate(ids):
            rng = random.Random(kind) if is_alike else chance
            topics = chance.sample(TOPICS, chance.randrange(4)) if chance.random() < 0.5 else []
            items.append(
                {"id": item, "title": title(rng, i), "text": text(rng, i), "topics": topics}
            )
        twice = [{**item, "title": title(chance, 1)} for item in items if chance.random() < 0.1]
        self.show([*twice, *items])
        for item in chance.sample(ids, min(len(ids) - 1, 2)):
            assert self.service.http.delete(f"/v1/items/{quote(item, safe='')}").status_code == 204
            self.shown.discard(item)
        # A call waits for two seconds until its process has heard; a busy machine may take longer.
        wait_until(
            lambda: self.service.get("/v1/stats")["items"] == len(self.shown), "heard of", 60
        )

    def _problems(self, chance: random.Random) -> Iterator[str]:
        shown = sorted(self.shown)
        some = chance.sample(shown, min(len(shown), chance.choice([1, 2, 5])))
        user = f"reader {next(self._readers)}"
        kinds = chance.choices(["upvote", "click", "read", "save"], k=len(some))
        self.service.send(
            *({"user": user, "item": i, "kind": k} for i, k in zip(some, kinds, strict=True))
        )
        name = quote(user, safe="")
        first = quote(some[0], safe="")
        asked: list[tuple[str, dict[str, Any]]] = [
            ("/v1/feed", {"user": user}),
            ("/v1/feed", {"user": user, "seen": "show", "limit": 100, "explain": "true"}),
            ("/v1/feed", {"user": user, "diversity": 1, "explore": 1, "seen": "show"}),
            ("/v1/feed", {}),
            ("/v1/new", {}),
            ("/api/daily_papers", {}),
            ("/gorse/api/latest", {}),
            ("/gorse/api/items", {}),
        ]
        if len(shown) > len(some):
            asked.append((f"/gorse/api/recommend/{name}", {}))
        if len(shown) > 1:
            asked.append(("/v1/similar", {"item": some[0]}))
            asked.append((f"/gorse/api/item/{first}/neighbors", {}))
        for path, params in asked:
            answer = self.service.http.get(path, params=params)
            yield from _judged(f"{path} {params}", answer.status_code, answer.text)
        ranked = self.service.http.post(
            "/v1/rank", content=json.dumps({"user": user, "items": shown[:200]})
        )
        yield from _judged("/v1/rank", ranked.status_code, ranked.text)
        if ranked.status_code == 200:
            marks = {one["source"] for one in ranked.json()["items"]}
            if "unknown" in marks:
                yield f"/v1/rank does not know what is listed: {marks}"
        yield from self._searched(some[0])

    def _searched(self, item: str) -> Iterator[str]:
        """An item is found by its own title, wherever that has a word."""
        found = self.service.get(f"/v1/items/{quote(item, safe='')}")["title"]
        if not any(char.isalnum() for char in found):
            return
        for path in ("/v1/search", "/api/papers/search"):
            answer = self.service.http.get(path, params={"q": found})
            yield from _judged(f"{path} {found!r}", answer.status_code, answer.text)


def _batches(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(items), 500):
        yield items[start : start + 500]


def _judged(what: str, status: int, text: str) -> Iterator[str]:
    if status != 200:
        yield f"{what}: {status} {text[:200]}"
        return
    answer = json.loads(text)
    listed = answer if isinstance(answer, list) else answer.get("items", answer.get("Items"))
    if not listed:
        yield f"{what}: empty"


def main() -> None:
    """Try so many catalogues; exit with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    begun, n, n_wrong = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        service = Service(
            Path(folder) / "data", log_level="error", train_every_s=2, train_pause_s="0.5",
            train_share="0.01", search_s=0,
        ).start()  # fmt: skip
        try:
            catalogue = Catalogue(service)
            for n in range(asked.examples):
                if time.monotonic() - begun > asked.minutes * 60:
                    break
                sizes = LARGE if n % 100 == 99 else SIZES
                for problem in catalogue.example(random.Random(f"{asked.seed}-{n}"), sizes):
                    n_wrong += 1
                    print(f"seed {asked.seed}, example {n}: {problem}", flush=True)
                if n % 500 == 499:
                    print(f"{n + 1} examples so far, {n_wrong} wrong", flush=True)
            n_wrong += catalogue.n_unsound()
            snapshots = len(service.get("/v1/snapshots")["snapshots"])
        finally:
            service.stop()
    print(f"{n} examples, {n_wrong} wrong, {snapshots} models, {time.monotonic() - begun:.0f} s")
    sys.exit(n_wrong > 0)


if __name__ == "__main__":
    main()
