"""Whoever acts on their list finds it as it was, marked, until they ask for the new one."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from tests.service import Service, wait_until

N = 8
CARD = re.compile(
    r'<li class="paper[^"]*" id="([a-z-]+):([^"]+)"(.*?)(?=<li class="paper|</ol>|</main>)', re.S
)


@pytest.fixture
def reader(service: Service) -> Iterator[httpx.Client]:
    """Somebody new, in a browser without scripts."""
    service.put_all([{"id": f"held/{n}", "title": f"Held paper {n}"} for n in range(N)])
    with httpx.Client(base_url=service.http.base_url, timeout=30) as client:
        wait_until(lambda: len(cards(client.get("/for-you"))) >= N, "the papers")
        yield client


def cards(page: httpx.Response, name: str = "for-you") -> dict[str, str]:
    """The cards of the reader's list, in order."""
    assert page.status_code == 200
    return {card: rest for where, card, rest in CARD.findall(page.text) if where == name}


def press(
    reader: httpx.Client, page: httpx.Response, card: str, kind: str, name: str = "for-you"
) -> httpx.Response:
    """Press a button of a card, as a form does that no script looks after."""
    forms = re.findall(r"<form.*?</form>", cards(page, name)[card], re.S)
    form = next(one for one in forms if f'name="kind" value="{kind}"' in one)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return reader.post("/vote", data={k: unescape(v) for k, v in fields.items()})


@pytest.mark.parametrize("path", ["/for-you", "/"])
@pytest.mark.parametrize(
    ("kind", "back", "mark"),
    [
        ("upvote", "unvote", '"mark">Upvoted.'),
        ("hide", "unhide", '"mark">Hidden.'),
        ("save", "unsave", ">Saved</button>"),
    ],
)
def test_a_list_stays_where_it_is_with_undo_in_place(
    reader: httpx.Client, path: str, kind: str, back: str, mark: str
):
    page = reader.get(path)
    before = list(cards(page))
    chosen = before[3]

    answer = press(reader, page, chosen, kind)

    assert answer.status_code == 303
    assert answer.headers["location"].endswith(f"#for-you:{chosen}"), "back to the same card"
    held = reader.get(answer.headers["location"])
    assert list(cards(held)) == before
    assert mark in cards(held)[chosen]
    assert f'href="{path}"' in held.text.partition('id="news"')[2].partition("</div>")[0]
    fresh = reader.get(path)
    assert chosen not in cards(fresh), "and the new list is there for the asking"
    undone = reader.get(press(reader, held, chosen, back).headers["location"])
    assert list(cards(undone)) == before
    assert mark not in cards(undone)[chosen]


def test_one_deed_after_another_leaves_the_list_alone(reader: httpx.Client):
    page = reader.get("/for-you")
    before = list(cards(page))

    for place, kind in [(0, "upvote"), (1, "hide"), (2, "save"), (0, "unvote"), (4, "upvote")]:
        page = reader.get(press(reader, page, before[place], kind).headers["location"])
        assert list(cards(page)) == before

    assert 'aria-pressed="true"' not in cards(page)[before[0]]


def test_a_list_that_is_gone_is_the_new_one(reader: httpx.Client):
    assert cards(reader.get("/for-you?held=nonsense"))
    assert reader.get("/for-you?held=nonsense").text.count("better one") == 0


def test_what_is_saved_is_listed_latest_first_exported_and_taken_out_with_undo(
    reader: httpx.Client,
):
    page = reader.get("/for-you")
    first, second, other = list(cards(page))[:3]
    for card, kind in [(first, "save"), (second, "save"), (other, "upvote")]:
        page = reader.get(press(reader, page, card, kind).headers["location"])

    saved = reader.get("/saved")
    assert list(cards(saved, "saved")) == [second, first]
    assert "2 papers" in saved.text
    href = re.search(r'href="(/you/references[^"]*ris)"', saved.text)[1]
    assert reader.get(unescape(href)).text.count("TY  - ") == 2, "saved, not upvoted"
    left = reader.get(press(reader, saved, second, "unsave", "saved").headers["location"])
    assert list(cards(left, "saved")) == [second, first], "it stays where it stood"
    assert ">Save</button>" in cards(left, "saved")[second]
    assert list(cards(reader.get("/saved"), "saved")) == [first]
    assert "No longer save" in reader.get("/you").text
    again = reader.get(press(reader, left, second, "save", "saved").headers["location"])
    assert ">Saved</button>" in cards(again, "saved")[second]


def test_who_saved_nothing_is_told_how(service: Service):
    assert "Nothing yet." in service.http.get("/saved").text
