"""`python -m bench.search`: searches of a real service, one after another and side by side."""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench import data, wrk
from tests.service import Service, wait_until

SEARCH = """
local queries = {%s}
math.randomseed(7)
request = function()
  return wrk.format("GET", "/v1/search?" .. queries[math.random(#queries)])
end
"""
_AIM_MS = 20


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(
            Path(folder) / "data", durability="everysec", train_every_s=1, train_share=1, search_s=0
        )
        service.http.timeout = 120
        service.start()
        try:
            found = data.items(asked.items)
            for start in range(0, len(found), 1000):
                service.put_all(found[start : start + 1000])
            _train(service, len(found))
            Console().print(_measured(service, found, asked.searches, asked.seconds))
        finally:
            service.stop()


def _train(service: Service, n_items: int) -> None:
    """Have the service train on all texts, and then serve only."""

    def trained() -> bool:
        models = service.get("/v1/snapshots")["snapshots"]
        return bool(models) and models[0]["n_rows"] >= n_items

    wait_until(trained, "a model of all texts", 900)
    service.stop()
    service.settings |= {"train_pause_s": 10**6, "train_every_s": 10**6}
    started_s = time.perf_counter()
    service.start()
    service.http.timeout = 120
    print(f"ready {time.perf_counter() - started_s:.1f} s after the start, index and model loaded")


def _queries(found: list[dict], n: int, seed: int = 3) -> dict[str, list[str]]:
    """Return queries of several kinds, made of the words of random items."""
    rng = np.random.default_rng(seed)
    chosen = [found[i] for i in rng.integers(len(found), size=n)]
    titles = [item["title"] for item in chosen]
    few = [" ".join(rng.permutation(item["text"].split())[:3]) for item in chosen]
    return {
        "3 words": [f"q={text.replace(' ', '+')}" for text in few],
        "a title": [f"q={title.replace(' ', '+')}" for title in titles],
        "a typo among 3": [f"q={_typo(text).replace(' ', '+')}" for text in few],
        "being typed": [f"q={text.replace(' ', '+')[:-1]}&prefix=true" for text in few],
        "3 words in a topic": [
            f"q={text.replace(' ', '+')}&topic={item['topics'][0]}"
            for text, item in zip(few, chosen, strict=True)
        ],
    }


def _typo(text: str) -> str:
    """Return a text with a letter doubled in its longest word."""
    words = text.split()
    longest = max(words, key=len)
    words[words.index(longest)] = f"{longest[:2]}x{longest[2:]}"
    return " ".join(words)


def _measured(service: Service, found: list[dict], n: int, seconds: float) -> Table:
    table = Table(title=f"{len(found):,} items, one process; aim: p99 within {_AIM_MS} ms")
    for column in ("search", "p50 ms", "p99 ms", "most ms", "requests/s side by side"):
        table.add_column(column, justify="left" if column == "search" else "right")
    for name, queries in _queries(found, n).items():
        took_ms = []
        for query in queries:
            start = time.perf_counter()
            answer = service.http.get(f"/v1/search?{query}")
            took_ms.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == 200, answer.text
        script = SEARCH % ", ".join(json.dumps(query) for query in queries)
        load = wrk.run(str(service.http.base_url), script, seconds, connections=4)
        p50, p99 = np.percentile(took_ms, [50, 99])
        table.add_row(
            name, f"{p50:.1f}", f"{p99:.1f}", f"{max(took_ms):.1f}", f"{load.per_second:,.0f}"
        )
    table.caption = f"memory of the search index {_index_mb(found):.0f} MB, built in one process"
    return table


def _index_mb(found: list[dict]) -> float:
    """Return what an index of the items adds to the memory of a process."""
    import msgspec

    from recsvc.core.items.item import NewItem, completed
    from recsvc.live.search_index import SearchIndex

    items = [completed(msgspec.convert(item, NewItem, strict=False), None, 1) for item in found]
    before = _resident_mb()
    index = SearchIndex()
    for row, item in enumerate(items):
        index.put(row, item)
    index.commit()
    return _resident_mb() - before


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
