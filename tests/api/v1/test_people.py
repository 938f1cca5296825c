"""Somebody asks what is kept of them, or wants it gone: by a reader's id, or by an address."""

import json
import re
from typing import Any

import pytest

from tests.outbox import Outbox
from tests.secured import Secured
from tests.service import wait_until

PAGE = {"origin": "null", "sec-fetch-site": "same-origin"}


def lines(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    assert found[-1]["type"] == "end"
    return found


def subscribe(secured: Secured, email: str, user: str | None = None) -> None:
    wish = {"email": email} | ({"user": user} if user else {})
    assert secured.call("POST", "/v1/subscriptions", secured.secret, json=wish).status_code == 202


def confirm(secured: Secured, email: str) -> None:
    mail = Outbox(secured.service).next_to(email)
    link = re.search(r"/confirm\?token=\S+", mail.get_body(("plain",)).get_content())
    assert link is not None
    assert secured.call("POST", link[0], headers=PAGE).status_code == 200


def test_a_subscriber_who_is_no_reader_is_exported_and_erased(secured: Secured):
    email = "no-reader@people.example"
    subscribe(secured, email)
    wish = lines(
        secured.call("POST", "/v1/people/export", secured.secret, json={"email": email}).text
    )
    confirm(secured, email)

    by_call = secured.call(
        "POST", "/v1/people/export", secured.secret, json={"email": "No-Reader@people.example"}
    )
    by_command = secured.service.run("people", "export", "--email", email)

    assert [line["confirmed_at"] for line in wish if line["type"] == "subscription"] == [None]
    for text in (by_call.text, by_command.stdout):
        (told,) = [line for line in lines(text) if line["type"] == "subscription"]
        assert told["email"] == email
        assert told["agreed_to"].startswith("Send me this mail")
        assert told["requested_at"] <= told["confirmed_at"]
        assert {"proof", "strikes", "suspended"} <= told.keys()
    asked = secured.call("POST", "/v1/people/erase", secured.secret, json={"email": email})
    assert asked.status_code == 202
    where = asked.headers["location"]
    wait_until(
        lambda: secured.call("GET", where, secured.secret).json()["state"] == "done", "erased", 30
    )
    assert email not in str(Outbox(secured.service).subscriptions())
    assert Outbox(secured.service).to(email) == []
    gone = secured.call("POST", "/v1/people/export", secured.secret, json={"email": email})
    assert [line["type"] for line in lines(gone.text)] == ["subscriber", "end"]


def test_a_wish_that_waits_is_erased_by_its_address(secured: Secured):
    email = "waits@people.example"
    subscribe(secured, email)

    done = secured.service.run("people", "erase", "--email", email)

    where = f"/v1/erasures/{json.loads(done.stdout)['id']}"
    wait_until(
        lambda: secured.call("GET", where, secured.secret).json()["state"] == "done", "erased", 30
    )
    assert secured.call("GET", where, secured.secret).json()["erased"]["subscriptions"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"user": "a", "email": "a@b.example"}, {"email": "no address"}, {"user": ""}]
)
def test_somebody_is_named_in_one_way(secured: Secured, body: dict[str, str]):
    for path in ("/v1/people/export", "/v1/people/erase"):
        assert secured.call("POST", path, secured.secret, json=body).status_code == 400


def test_people_are_exported_by_keys_for_readers_and_erased_by_owners(secured: Secured):
    readers = secured.make(kind="secret", scopes=["readers"])[1]
    somebody = {"user": "whoever-it-is"}

    assert secured.call("POST", "/v1/people/export", readers, json=somebody).status_code == 200
    assert secured.call("POST", "/v1/people/erase", readers, json=somebody).status_code == 403
    token = secured.token("whoever-it-is")
    assert secured.call("POST", "/v1/people/export", token, json=somebody).status_code == 403
