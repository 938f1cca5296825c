import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.client import (
    Client,
    Event,
    ExpiredError,
    NotAllowedError,
    NotAuthenticatedError,
    Retry,
    ServerError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
    UnreachableError,
)
from tests.client.faults import FEED, scripted

QUICK = Retry(attempts=3, first_pause_s=0.001, longest_pause_s=0.01)
DONE = {"accepted": 1, "duplicates": 0, "rejected": []}


def answer(status, body=b"", **headers):
    return status, body, {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize("fault", [answer(503), answer(502, b"<html>"), answer(429), None])
def test_reading_is_repeated_until_it_works(fault):
    with (
        scripted(fault, fault, answer(200, FEED)) as (url, script),
        Client(url, retry=QUICK) as client,
    ):
        assert client.feed("u").feed_id == "f"

    assert len(script.requests) == 3


def test_events_are_repeated_with_the_same_id():
    with scripted(None, answer(202, DONE)) as (url, script), Client(url, retry=QUICK) as client:
        client.record([Event("p", "upvote", "u")])

    first, second = (json.loads(body) for _, _, body in script.requests)
    assert first == second
    assert first[0]["event_id"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.patch_item("p", title="T"),
        lambda client: client.request("POST", "/v1/anything", body={}),
    ],
)
def test_what_may_not_happen_twice_is_not_repeated_once_it_was_sent(ask):
    with (
        scripted(None) as (url, script),
        Client(url, retry=QUICK) as client,
        pytest.raises(UnreachableError) as failure,
    ):
        ask(client)

    assert failure.value.was_sent
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, NotAuthenticatedError), (403, NotAllowedError), (410, ExpiredError), (500, ServerError)],
)
def test_an_answer_that_will_not_change_is_not_asked_for_again(status, error):
    problem = {"title": "T", "status": status, "detail": "because"}
    with (
        scripted(answer(status, problem)) as (url, script),
        Client(url, retry=QUICK) as client,
        pytest.raises(error, match="because"),
    ):
        client.feed("u")

    assert len(script.requests) == 1


def test_a_wait_that_the_service_asks_for_is_kept_unless_it_is_too_long():
    with (
        scripted(answer(429, Retry_After="30")) as (url, script),
        Client(url, retry=QUICK) as client,
        pytest.raises(TooManyRequestsError) as failure,
    ):
        client.feed("u")

    assert failure.value.retry_after_s == 30
    assert len(script.requests) == 1


def test_giving_up_raises_the_last_failure():
    with (
        scripted(answer(503)) as (url, script),
        Client(url, retry=QUICK) as client,
        pytest.raises(UnavailableError),
    ):
        client.trending()

    assert len(script.requests) == 3


def test_somebody_elses_answer_is_an_error_of_its_own():
    with (
        scripted(answer(200, b"<html>hello</html>")) as (url, _),
        Client(url, retry=QUICK) as client,
        pytest.raises(UnexpectedAnswerError),
    ):
        client.feed("u")


def test_one_connection_serves_many_calls():
    with scripted(answer(200, FEED)) as (url, script), Client(url) as client:
        for _ in range(20):
            client.new()

    assert script.connections == 1


@given(
    attempt=st.integers(1, 40),
    retry=st.builds(
        Retry,
        attempts=st.integers(1, 50),
        first_pause_s=st.floats(0, 10),
        longest_pause_s=st.floats(0, 60),
    ),
    asked=st.none() | st.floats(0, 100),
)
def test_pauses_stay_within_their_bounds(attempt, retry, asked):
    failure = TooManyRequestsError(429, msgspec.convert({}, _problem()), asked)

    pause = retry.pause_s(failure, attempt, is_repeatable=False)

    if attempt >= retry.attempts or (asked or 0) > retry.longest_pause_s:
        assert pause is None
    else:
        assert pause is not None
        assert (asked or 0) <= pause <= retry.longest_pause_s


def _problem():
    from recsvc.client.errors import Problem

    return Problem
