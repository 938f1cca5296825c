"""What a reader saved, taken to a reference manager and back."""

import httpx
import pytest

from tests.service import Service
from tests.sources.reading import read_text

FORMATS = {
    "bibtex": ("application/x-bibtex", "papers.bib"),
    "ris": ("application/x-research-info-systems", "papers.ris"),
    "csl-json": ("application/vnd.citationstyles.csl+json", "papers.json"),
}
ITEMS = [
    {"id": "saves/old", "title": "Saved long ago & far away", "authors": ["Jane Doe"]},
    {"id": "2401.99999", "title": "An arXiv paper of $x^2$", "extra": {"arxiv_id": "2401.99999"}},
    {"id": "saves/voted", "title": "Only upvoted"},
    {"id": "saves/taken-back", "title": "Saved and taken back"},
    {"id": "saves/hidden", "title": "Withdrawn meanwhile", "hidden": True},
]


@pytest.fixture(scope="module")
def library(service: Service) -> Service:
    service.put_all(ITEMS)
    for item in ("saves/old", "saves/taken-back", "saves/hidden", "2401.99999"):
        service.act("librarian", "save", item)
    service.act("librarian", "unsave", "saves/taken-back")
    service.act("librarian", "upvote", "saves/voted")
    return service


def titles(text: str) -> list[str]:
    return [entry.item.title for entry in read_text(text).entries]


@pytest.mark.parametrize("form", FORMATS)
def test_saves_come_as_a_file_that_reads_back_latest_first(library: Service, form: str):
    answer = library.http.get("/v1/saves", params={"user": "librarian", "format": form})

    media_type, name = FORMATS[form]
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["content-disposition"] == f"attachment; filename={name}"
    assert titles(answer.text) == ["An arXiv paper of $x^2$", "Saved long ago & far away"]


def test_upvotes_come_too_where_they_are_asked_for(library: Service):
    asked = {"user": "librarian", "kind": ["upvote", "save"]}

    assert titles(library.http.get("/v1/saves", params=asked).text)[0] == "Only upvoted"


def test_nobodys_saves_are_nothing_and_what_is_asked_wrongly_is_named(library: Service):
    assert library.http.get("/v1/saves", params={"user": "who saves nothing"}).text == ""
    for name, value in (("format", "word"), ("kind", "hide")):
        answer = library.http.get("/v1/saves", params={"user": "librarian", name: value})
        assert (answer.status_code, answer.json()["field"]) == (400, name)
    assert library.http.get("/v1/saves").json()["field"] == "user"


def test_a_readers_own_page_offers_what_they_keep(library: Service):
    pressed = library.http.post("/vote", data={"item": "saves/voted", "kind": "upvote"})
    cookie = {"cookie": pressed.headers["set-cookie"].partition(";")[0]}

    page = library.http.get("/you", headers=cookie)

    for form, (_, name) in FORMATS.items():
        assert f'href="/you/references?format={form}" download="{name}"' in page.text
        found = library.http.get("/you/references", params={"format": form}, headers=cookie)
        assert titles(found.text) == ["Only upvoted"]
    stranger = httpx.get(f"{library.http.base_url}/you")
    assert "/you/references" not in stranger.text
