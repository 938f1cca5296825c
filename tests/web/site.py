"""A small site for the tests of its pages: two days, two subjects, and titles as they come."""

import asyncio
import math
from pathlib import Path

from recsvc.clock import DAY_US, HOUR_US, now_us
from recsvc.core.loop import Came, Hour, Named
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from recsvc.store.log.loop import LoopStore
from recsvc.store.pipe import Pipe
from tests.service import Service

FORMULAE = "attention/formulae"
SUBJECTS = {
    "attention": ("2025-12-05", "Sparse attention lets transformers read long documents"),
    "diffusion": ("2025-12-09", "Diffusion models denoise images step by step"),
}


def papers() -> list[dict]:
    """Papers on two days; the first of attention has formulae, a nasty title and a slash in its id."""
    found = [
        {
            "id": f"{subject}-{n}",
            "title": f"{subject.capitalize()} studied closely, part {n}",
            "text": f"{sentence}, and this is part {n}. " * 9,
            "url": f"https://papers.example/{subject}/{n}",
            "authors": ["Ada Moreno", "Tomás Řezníček"],
            "organisation": {"slug": f"{subject}-lab", "name": f"{subject.capitalize()} Lab"},
            "topics": [subject, "machine learning"],
            "listed_at": f"{day}T0{n}:00:00Z",
            "published_at": f"{day}T00:00:00Z",
        }
        for subject, (day, sentence) in SUBJECTS.items()
        for n in range(1, 8)
    ]
    found[0] |= {
        "id": FORMULAE,
        "title": 'Attention <EOS> & "quotes" <img src=x onerror=alert(1)> in $O(n)$',
        "text": r"Attention in $\mathcal{O}(n \log n)$ for $x_1 < y$, between $5 and $10, "
        r"<b>not bold</b>, $\text{<script>alert(1)</script>}$ and $\unknown{x}$.",
        "authors": [f"Author {n}" for n in range(40)],
        "extra": {"arxiv_id": "2512.00001", "project_page": "javascript:alert(1)"},
    }
    found[1]["title"] = "Averylongunbreakabletitlethatnobodyshouldwritebutsomebodywill" * 3
    return found


def started(folder: Path) -> Service:
    """Start the site; a few readers have voted for what is on diffusion.

    It logs no impressions: a list would depend on how long a test looked at the one before.
    """
    service = Service(
        folder, archive_every_s=3600, timezone="UTC", page_impressions="false"
    ).start()
    done = service.put_all(papers())
    assert not done["rejected"], done
    service.send(
        *[
            {"user": f"voter-{v}", "kind": "upvote", "item": f"diffusion-{n}"}
            for n in range(1, 4)
            for v in range(4 - n)
        ]
    )
    service.settled()
    asyncio.run(_keep_hours(service))
    return service


async def _keep_hours(service: Service) -> None:
    """Let the console have hours to draw, counted for good."""
    store = connect(socket_url(service.folder))
    first_us = now_us() // HOUR_US * HOUR_US - 60 * HOUR_US
    for n in range(60):
        if n % 24 == 3:
            continue  # nobody counted
        wave = math.sin(n / 4)
        voices = ("personal", "similar", "trending", "new", "explore")
        came = {v: Came(900 - 150 * k, int(60 - 9 * k + 20 * wave)) for k, v in enumerate(voices)}
        hour = Hour(
            at_us=first_us + n * HOUR_US, counted_us=now_us() + DAY_US, lists=int(200 + 90 * wave),
            readers=int(80 + 30 * wave), fallback=0.2 - 0.1 * wave, coverage=0.5 + 0.1 * wave,
            gini=0.6 - 0.1 * wave, novelty=9 + wave, drift=0.3 * wave, echo=0.7, repeated=0.2,
            cold=Came(90, int(6 + 3 * wave)), voices=came, n_first=4, first_s=5_000 + 900 * wave,
            n_waiting=2, topics=[Named("attention", 0.7, 0.5), Named("machine learning", 1.0, 1.0)],
            organisations=[Named("attention-lab", 0.7, 0.5)],
        )  # fmt: skip
        await LoopStore(Pipe(store)).keep(hour)
    await store.aclose()
