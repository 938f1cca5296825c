"""The Python client against a real service: sync and async do the same."""

import inspect
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from recsvc.client import (
    AsyncClient,
    Client,
    Event,
    InvalidError,
    NewItem,
    NotFoundError,
    Organisation,
    Retry,
    TimedOutError,
    UnreachableError,
)
from tests.service import Service, free_port

AWKWARD = ["a/b", "..", ".", "a b?c#d&e=f%2F", "math.GT/0309136", "жук", "x" * 256]


@pytest.fixture(params=[Client, AsyncClient])
async def client(request, service: Service) -> AsyncIterator[Client | AsyncClient]:
    made = request.param(str(service.http.base_url))
    yield made
    await (made.aclose() if isinstance(made, AsyncClient) else _nothing(made.close()))


async def _nothing(_: None) -> None:
    pass


async def got(value):
    """What a call returned, at once or later."""
    return await value if inspect.isawaitable(value) else value


async def test_an_item_goes_there_and_back(client):
    item = NewItem(
        id="2503.1",
        title="Sparse <EOS> attention",
        text="Attention that is sparse.",
        url="https://papers.example/2503.1",
        authors=["A", "B"],
        organisation=Organisation("orion", "Orion Lab"),
        topics=["nlp"],
        listed_at=datetime(2025, 3, 11, 9, tzinfo=UTC),
        extra={"pages": 12},
    )

    done = await got(client.put_items([item]))
    found = await got(client.get_item("2503.1"))

    assert not done.rejected
    assert done.created + done.updated + done.unchanged == 1
    assert (found.title, found.n_authors, found.organisation) == (item.title, 2, item.organisation)
    assert (found.listed_at, found.extra) == (item.listed_at, item.extra)
    changed = await got(client.patch_item("2503.1", title="Changed", topics=None))
    assert (changed.title, changed.topics) == ("Changed", [])
    await got(client.delete_item("2503.1"))
    with pytest.raises(NotFoundError):
        await got(client.get_item("2503.1"))


@pytest.mark.parametrize("item", AWKWARD)
async def test_any_id_can_be_addressed(client, item):
    await got(client.put_items([NewItem(id=item, title=f"<{item[:9]}>")]))

    assert (await got(client.get_item(item))).id == item
    await got(client.act("addresser", "click", item))
    assert (await got(client.votes([item])))[0].id == item


async def test_an_upvote_changes_the_next_feed(client, service):
    reader = f"reader-of-{type(client).__name__}"
    papers = [NewItem(id=f"p{n}", title=f"Paper {n} on graph pruning {n % 3}") for n in range(9)]
    await got(client.put_items(papers))
    before = await got(client.feed(reader, limit=50))

    assert await got(client.act(reader, "upvote", "p1", feed_id=before.feed_id, position=1))
    after = await got(client.feed(reader, limit=50))

    assert after.source == "personal"
    assert "p1" in {listed.id for listed in before.items} - {listed.id for listed in after.items}
    assert after.items[0].reason.items == ["p1"]
    (votes,) = await got(client.votes(["p1"], user=reader))
    assert votes.upvoted
    history = await got(client.feed(history=[Event("p1", "upvote")], limit=50, topic=[]))
    assert history.source == "personal"
    ranked = await got(client.rank(["p5", "p4"], user=reader, fields="id"))
    assert {listed.id for listed in ranked.items} == {"p4", "p5"}
    assert ranked.items[0].item is None
    assert (await got(client.similar("p1", limit=3))).items
    assert (await got(client.trending("all", limit=3))).source == "trending"


async def test_filters_reach_the_service(client):
    await got(
        client.put_items([NewItem(id=f"t{n}", title="T", topics=[f"x{n}"]) for n in range(4)])
    )

    found = await got(client.new(topic=["x1", "x2", "x3"], topic_not=["x3"], exclude=["t2"]))
    none = await got(client.new(topic=["x1"], until=datetime(2020, 1, 1, tzinfo=UTC)))

    assert [listed.id for listed in found.items] == ["t1"]
    assert none.items == []


async def test_pages_follow_the_cursor_to_the_end(client):
    await got(client.put_items([NewItem(id=f"s{n}", title="S", topics=["s"]) for n in range(7)]))
    seen: list[int] = []
    pages = client.pages(client.new, topic=["s"], limit=3)

    if isinstance(client, AsyncClient):
        seen = [len(page.items) async for page in pages]
    else:
        seen = [len(page.items) for page in pages]

    assert seen == [3, 3, 1]


async def test_periods_and_searches_answer_as_lists(client):
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    items = [NewItem(id=f"leap{n}", title=f"Leap {n} of faith", listed_at=moment) for n in range(5)]
    await got(client.put_items(items))

    day = await got(client.daily(moment.date(), limit=2))
    pages = client.pages(client.daily, "2024-02-29", limit=2)
    if isinstance(client, AsyncClient):
        sizes = [len(page.items) async for page in pages]
    else:
        sizes = [len(page.items) for page in pages]
    found = await got(client.search('"leap 3"', limit=5))
    alike = await got(client.similar(["leap1", "leap2"], unlike=["p1"], limit=3))

    assert (day.period, len(day.items)) == ("2024-02-29", 2)
    assert sizes == [2, 2, 1]
    assert (await got(client.monthly("2024-02"))).period == "2024-02"
    assert (await got(client.weekly("2024-W09"))).period == "2024-W09"
    assert [listed.id for listed in found.items] == ["leap3"]
    assert any(part.match for part in found.items[0].highlights.title)
    assert {"leap1", "leap2"}.isdisjoint(listed.id for listed in alike.items)


async def test_the_same_event_counts_once(client):
    event = Event("p0", "click", f"repeater-{type(client).__name__}")

    first = await got(client.record([event]))
    again = await got(client.record([event, Event("p0", "nonsense", "r")]))

    assert (first.accepted, first.duplicates) == (1, 0)
    assert (again.accepted, again.duplicates) == (0, 1)
    assert [(r.index, r.field) for r in again.rejected] == [(1, "kind")]


async def test_more_events_than_one_call_takes_are_several_calls(client):
    events = [Event(f"p{n}", "click", f"many-{type(client).__name__}") for n in range(1_001)]
    events[1_000] = Event("p", "nonsense", "many")

    done = await got(client.record(events))

    assert done.accepted == 1_000
    assert [r.index for r in done.rejected] == [1_000]


async def test_problems_are_typed_and_name_the_field(client):
    with pytest.raises(InvalidError) as wrong:
        await got(client.act("u", "nonsense", "p0"))
    assert wrong.value.field == "kind"
    assert wrong.value.status == 400
    with pytest.raises(InvalidError) as limit:
        await got(client.new(limit=0))
    assert limit.value.field == "limit"
    with pytest.raises(NotFoundError):
        await got(client.similar("there is no such item"))


async def test_any_other_call_can_be_made(client):
    assert (await got(client.request("GET", "/v1/stats")))["items"] >= 0
    ranked = await got(client.request("POST", "/v1/rank", body={"items": ["p0"]}))
    assert "feed_id" in ranked


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_a_service_that_is_not_there_is_unreachable(kind):
    impatient = Retry(attempts=2, first_pause_s=0.01)
    client = kind(f"http://127.0.0.1:{free_port()}", retry=impatient)

    with pytest.raises(UnreachableError) as failure:
        await got(client.feed("u"))

    assert not failure.value.was_sent
    assert not isinstance(failure.value, TimedOutError)
