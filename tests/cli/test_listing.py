"""Lists in a terminal: tables for people, JSON for programs, the service running or not."""

import json
from datetime import UTC, datetime, timedelta

from tests.service import free_port, wait_until


def ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def test_lists_are_printed_beside_a_running_service_and_without_it(new_service):
    service = new_service(trending_half_life_hours=1000).start()
    service.put_all(
        [
            {"id": "old", "title": "Snails [bold]and[/bold] slugs", "listed_at": ago(70)},
            {"id": "new", "title": "Beetles", "listed_at": ago(20)},
        ]
    )
    for n in range(3):
        service.act(f"u{n}", "upvote", "old", at=ago(60))
    service.act("u0", "upvote", "new", at=ago(12))
    wait_until(lambda: len(service.ids("/v1/trending")) == 2, "the votes on the boards")

    found = service.run("search", "snial", "slugs")
    assert found.returncode == 0, found.stderr
    assert "Snails [bold]and[/bold] slugs" in found.stdout
    assert "Beetles" not in found.stdout
    healthy = service.run("health", port=free_port())
    assert (healthy.returncode, healthy.stdout) == (0, "ok\n"), "it is found by its folder"
    refused = service.run("rebuild", "boards")
    assert (refused.returncode, "stop the service" in refused.stderr) == (2, True)

    service.stop()
    gone = service.run("health")
    assert (gone.returncode, str(service.port) in gone.stdout) == (1, True)
    personal = service.run("feed", "u1", "--limit", "5")
    assert personal.returncode == 0, personal.stderr
    assert "Beetles" in personal.stdout
    assert "Snails" not in personal.stdout, "what was upvoted is not shown again"

    # A shorter half-life takes hold of votes that were cast before once they are scored anew.
    short = {"trending_half_life_hours": 12}
    before = json.loads(service.run("trending", "--json", **short).stdout)
    done = service.run("rebuild", "trending", **short)
    after = json.loads(service.run("trending", "--json", **short).stdout)
    assert (done.returncode, done.stdout) == (0, "2 items scored anew\n")
    assert [item["id"] for item in before["items"]] == ["old", "new"]
    assert [item["id"] for item in after["items"]] == ["new", "old"]
    assert after["items"][1]["item"]["upvotes"] == 3
