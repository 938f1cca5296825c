"""The Python client with each credential, against a service that wants them."""

from collections.abc import Iterator

import pytest

from recsvc.client import (
    AsyncClient,
    Client,
    Event,
    NewItem,
    NotAllowedError,
    NotAuthenticatedError,
)
from tests.secured import Secured, secure


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    found = secure(tmp_path_factory.mktemp("keys") / "data")
    papers = [NewItem(id=f"p{n}", title=f"Paper {n}") for n in range(6)]
    with Client(str(found.service.http.base_url), key=found.secret) as recsvc:
        recsvc.put_items(papers)
    yield found
    found.service.stop()
    found.service.http.close()


def client(secured: Secured, key: str | None) -> Client:
    return Client(str(secured.service.http.base_url), key=key)


def test_a_secret_key_names_any_reader(secured: Secured):
    with client(secured, secured.secret) as recsvc:
        recsvc.act("ann", "upvote", "p1")

        assert recsvc.feed("ann").user == "ann"
        assert recsvc.votes(["p1"], "ann")[0].upvoted


def test_a_token_names_its_reader_in_the_background_too(secured: Secured):
    with client(secured, secured.token("bea")) as recsvc:
        recsvc.events.add(Event("p2", "upvote"))
        recsvc.events.flush()

        assert recsvc.feed().user == "bea"
        assert "p2" not in {listed.id for listed in recsvc.feed().items}
        with pytest.raises(NotAllowedError):
            recsvc.feed("ann")


def test_a_publishable_key_reads_lists_and_writes_nothing(secured: Secured):
    with client(secured, secured.publishable) as recsvc:
        assert len(recsvc.new().items) == 6
        assert recsvc.feed("ann").user is None
        with pytest.raises(NotAllowedError):
            recsvc.put_items([NewItem(id="p9", title="Smuggled")])


@pytest.mark.parametrize("key", [None, "rsk_wrong_key", "no.token.atall"])
def test_without_a_right_one_the_error_says_so(secured: Secured, key: str | None):
    with client(secured, key) as recsvc, pytest.raises(NotAuthenticatedError):
        recsvc.new()


async def test_the_awaited_client_shows_its_key_as_well(secured: Secured):
    async with AsyncClient(str(secured.service.http.base_url), key=secured.secret) as recsvc:
        await recsvc.act("cem", "upvote", "p3")

        assert (await recsvc.feed("cem")).user == "cem"
