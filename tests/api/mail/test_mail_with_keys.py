"""The mail from a foreign page's form to one click out, through a real relay, where there are keys."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.outbox import Outbox
from tests.relay import Relay
from tests.secured import ORIGIN, Secured, secure
from tests.service import wait_until

PUBLIC = "https://papers.example.org"
ADDRESS = "reader@example.net"


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with Relay() as running:
        yield running


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory, relay: Relay) -> Iterator[Secured]:
    found = secure(
        tmp_path_factory.mktemp("mailing") / "data",
        smtp_host="127.0.0.1", smtp_port=relay.port, smtp_tls="none",
        public_url=PUBLIC, mail_from="papers@example.org",
    )  # fmt: skip
    items = [{"id": f"p{n}", "title": f"Paper {n} <EOS> & co"} for n in range(3)]
    found.call("POST", "/v1/items", found.secret, json=items)
    events = [{"user": f"u{n}", "item": f"p{n}", "kind": "upvote"} for n in range(3)]
    found.call("POST", "/v1/events", found.secret, json=events)
    yield found
    found.service.stop()
    found.service.http.close()


def path_of(address: str) -> str:
    """The path of an address of ours, as the proxy in front would ask for it."""
    assert address.startswith(f"{PUBLIC}/")
    found = urlsplit(address)
    return f"{found.path}?{found.query}" if found.query else found.path


def test_from_a_foreign_form_to_one_click_out(mailing: Secured, relay: Relay):
    wish = {"email": ADDRESS, "cadence": "daily"}
    asked = mailing.call("POST", "/v1/subscriptions", mailing.publishable, ORIGIN, json=wish)
    assert asked.status_code == 202
    assert asked.headers["access-control-allow-origin"] == ORIGIN

    (asking,) = wait_until(lambda: relay.to(ADDRESS), "the mail that asks", 20)
    confirm = re.search(rf"{PUBLIC}/confirm\S+", asking.text)
    assert confirm is not None
    behind = {"host": "papers.example.org", "sec-fetch-site": "same-origin", "origin": PUBLIC}
    assert mailing.call("GET", path_of(confirm[0])).status_code == 200
    assert mailing.call("POST", path_of(confirm[0]), headers=behind).status_code == 200
    Outbox(mailing.service).make_due()
    mail = wait_until(lambda: relay.to(ADDRESS)[1:], "the first digest", 30)[0]

    assert "<EOS> & co" in mail.text
    assert "&lt;EOS&gt; &amp; co" in mail.html
    leave = mail.message["List-Unsubscribe"].strip("<>")
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # A mail provider: no credential, no origin, no cookie; either way to encode a form is allowed.
    one_click = {"files": {"List-Unsubscribe": (None, "One-Click")}}
    left = mailing.call("POST", path_of(leave), headers={"host": "papers.example.org"}, **one_click)
    assert (left.status_code, left.content) == (200, b"")
    assert Outbox(mailing.service).subscriptions() == {}


def test_a_foreign_page_subscribes_nobody_without_a_key(mailing: Secured):
    form = {"email": "victim@example.net"}
    there = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}

    by_form = mailing.call("POST", "/subscribe", data=form, headers=there)
    by_call = mailing.call("POST", "/v1/subscriptions", json=form, headers=there)

    assert by_form.status_code == 403
    assert by_call.status_code == 401
