"""The demo makes way for real data, and says so."""

import json
from pathlib import Path

import pytest

from recsvc.clock import SECOND_US, from_us
from recsvc.sources import demo
from tests.service import Service, recsvc, wait_until


def mine(folder: Path, **more: str) -> Path:
    path = folder / "mine.jsonl"
    titles = {"mine": "A paper of my own"} | more
    path.write_text("".join(json.dumps({"id": i, "title": t}) + "\n" for i, t in titles.items()))
    return path


def test_the_demo_goes_when_real_data_comes(new_service, tmp_path: Path):
    service: Service = new_service(demo="true", archive_every_s=1, search_s=0).start()
    wait_until(lambda: service.get("/v1/trending", limit=1)["items"], "the demo's votes")
    reader = demo.readers()[0]
    assert service.get("/v1/stats")["demo"]
    assert service.get(f"/v1/users/{reader}")["interactions"]

    done = recsvc("import", str(mine(tmp_path)), data_dir=service.folder)

    assert done.returncode == 0, done.stderr
    assert "took out 444 papers and 60 simulated readers" in done.stderr
    wait_until(lambda: service.ids("/v1/new", limit=100) == ["mine"], "the own paper alone")
    wait_until(lambda: not service.get("/v1/stats")["demo"], "no demo any more")
    assert service.http.get(f"/v1/users/{reader}").status_code == 404
    wait_until(
        lambda: service.get("/v1/erasures", user=reader)["erasures"][0]["state"] == "done",
        "nothing of a simulated reader is left",
        60,
    )
    assert recsvc("demo", "remove", data_dir=service.folder).stdout == "there is no demo here\n"


def test_the_demo_stays_where_it_is_wanted(new_service, tmp_path: Path):
    service: Service = new_service(demo="true", archive_every_s=1, search_s=0).start()

    done = recsvc("import", "--keep-demo", str(mine(tmp_path)), data_dir=service.folder)

    assert done.returncode == 0, done.stderr
    wait_until(lambda: service.get("/v1/stats")["items"] == 445, "both")
    assert service.get("/v1/stats")["demo"]

    assert recsvc("demo", "remove", data_dir=service.folder).returncode == 0
    wait_until(lambda: service.get("/v1/stats")["items"] == 1, "the own paper alone")


def test_a_dry_run_says_what_a_real_one_takes_out_and_what_is_new_then(tmp_path: Path):
    assert recsvc("demo", "load", data_dir=tmp_path).returncode == 0
    both = mine(tmp_path, **{"pointer-networks": "Pointer Networks"})

    dry = recsvc("import", "--dry-run", str(both), data_dir=tmp_path)
    beside = recsvc("import", "--dry-run", "--keep-demo", str(both), data_dir=tmp_path)
    done = recsvc("import", str(both), data_dir=tmp_path)

    assert "demo: 444 papers and 60 simulated readers with their votes would be taken" in dry.stderr
    assert "2 would be new" in dry.stdout
    assert "demo" not in beside.stderr
    assert "1 would be new" in beside.stdout
    assert "2 new, 0 changed" in done.stdout


def test_the_demo_comes_when_it_is_asked_for_and_never_into_a_catalogue(tmp_path: Path):
    first, again = (recsvc("demo", "load", data_dir=tmp_path) for _ in range(2))

    assert first.returncode == 0, first.stderr
    assert "444 papers and 60 simulated readers" in first.stdout
    assert again.returncode == 1
    assert "there is a catalogue here already" in again.stderr


@pytest.mark.parametrize("minutes", [0, 1, 10, 31, 60, 1439])
def test_at_no_time_of_day_is_a_paper_still_to_come(minutes: int):
    now_us = 1_796_083_200_000_000 + minutes * 60 * SECOND_US  # a midnight and a little

    papers = demo.papers(now_us)

    assert len({paper.id for paper in papers}) == 444
    assert max(paper.listed_at for paper in papers) <= from_us(now_us)
