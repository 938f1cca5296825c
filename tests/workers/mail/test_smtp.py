"""SMTP against a real server: what each answer comes to, and when a letter counts as handed over."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from recsvc.mail.message import Letter
from recsvc.secret import Secret
from tests.relay import Relay, server_context
from tests.service import free_port
from workers.mail.params import SmtpParams
from workers.mail.relay import Answer
from workers.mail.smtp import SmtpRelay

ADDRESS = "reader@example.com"
LETTER = Letter(
    "papers@example.org", ADDRESS, "<1@example.org>", b"Subject: A title\r\n\r\n.A dot\r\n..two\r\n"
)


class LastCheck:
    """Lets through, and remembers what was asked."""

    def __init__(self, wanted: bool = True, then: Callable[[], Any] | None = None) -> None:
        self.wanted = wanted
        self.then = then
        self.asked = 0
        self.has_passed = 0

    async def still_wanted(self) -> bool:
        self.asked += 1
        if self.then is not None:
            self.then()
        return self.wanted

    def ends_now(self) -> None:
        self.has_passed += 1


def smtp(port: int, **changes: Any) -> SmtpRelay:
    defaults = {
        "host": "127.0.0.1", "port": port, "tls": "none", "user": "", "password": Secret(),
        "timeout_s": 10.0, "answer_s": 10.0,
    }  # fmt: skip
    return SmtpRelay(SmtpParams(**(defaults | changes)))


async def delivered(relay: SmtpRelay, check: LastCheck | None = None) -> Answer:
    try:
        return await relay.deliver(LETTER, check or LastCheck())
    finally:
        await relay.rest()


async def test_a_letter_arrives_byte_for_byte():
    with Relay() as server:
        check = LastCheck()

        assert await delivered(smtp(server.port), check) == Answer("sent")

    (received,) = server.received
    assert received.wire == LETTER.content
    assert (received.sender, received.recipient) == ("papers@example.org", ADDRESS)
    assert (check.asked, check.has_passed) == (1, 1)


async def test_many_letters_share_a_connection():
    with Relay() as server:
        relay = smtp(server.port)
        for _ in range(105):
            assert (await relay.deliver(LETTER, LastCheck())).verdict == "sent"
        await relay.rest()

    assert len(server.received) == 105
    assert server.sessions == 2, "a hundred letters per connection"


async def test_a_connection_that_the_relay_closed_is_opened_anew():
    with Relay() as server:
        relay = smtp(server.port)
        assert (await relay.deliver(LETTER, LastCheck())).verdict == "sent"
    with Relay(port=server.port) as again:
        assert (await relay.deliver(LETTER, LastCheck())).verdict == "sent"
        await relay.rest()

    assert (len(server.received), len(again.received)) == (1, 1)


@pytest.mark.parametrize(
    ("command", "answer", "expected"),
    [
        ("RCPT", "550 5.1.1 no such user", Answer("refused", "550 5.1.1 no such user", True)),
        ("RCPT", "550 no such user", Answer("refused", "550 no such user", True)),
        ("RCPT", "550 5.7.1 denied", Answer("refused", "550 5.7.1 denied", False)),
        ("RCPT", "450 4.2.0 grey", Answer("deferred", "450 4.2.0 grey")),
        ("RCPT", "421 closing", Answer("postponed", "421 closing")),
        ("DATA", "554 5.7.1 spam", Answer("refused", "554 5.7.1 spam", False)),
        ("DATA", "550 who", Answer("refused", "550 who", False)),
        ("DATA", "552 5.2.2 full", Answer("refused", "552 5.2.2 full", False)),
        ("DATA", "451 4.3.0 later", Answer("deferred", "451 4.3.0 later")),
    ],
)
async def test_what_a_refusal_comes_to(command: str, answer: str, expected: Answer):
    with Relay(lambda asked, _: answer if asked == command else None) as server:
        check = LastCheck()
        found = await delivered(smtp(server.port), check)

    assert found == expected
    assert check.has_passed == (command == "DATA"), (
        "refused before the end, nothing was handed over"
    )
    assert server.received == []


async def test_after_a_refusal_the_next_letter_goes_over_the_same_connection():
    answers = iter(["550 5.1.1 no", None])
    with Relay(lambda asked, _: next(answers) if asked == "RCPT" else None) as server:
        relay = smtp(server.port)
        first = await relay.deliver(LETTER, LastCheck())
        second = await relay.deliver(LETTER, LastCheck())
        await relay.rest()

    assert (first.verdict, second.verdict) == ("refused", "sent")
    assert server.sessions == 1


async def test_a_letter_that_is_no_longer_wanted_is_not_accepted_by_anybody():
    with Relay() as server:
        relay = smtp(server.port)
        check = LastCheck(wanted=False)

        assert await relay.deliver(LETTER, check) == Answer("withdrawn")
        assert check.has_passed == 0
        assert await relay.deliver(LETTER, LastCheck()) == Answer("sent")
        await relay.rest()

    assert len(server.received) == 1


async def test_a_relay_that_is_not_there_takes_nothing_now():
    check = LastCheck()

    answer = await delivered(smtp(free_port()), check)

    assert answer.verdict == "postponed"
    assert check.asked == 0


async def test_a_connection_that_breaks_before_the_end_is_no_delivery():
    async with broken_relay(at=b"DATA") as port:
        answer = await delivered(smtp(port))

    assert answer.verdict == "postponed"


async def test_a_connection_that_breaks_after_the_end_leaves_it_unknown():
    async with broken_relay(at=b".") as port:
        check = LastCheck()
        answer = await delivered(smtp(port), check)

    assert answer.verdict == "unknown"
    assert check.has_passed == 1


async def test_a_relay_that_says_nothing_after_the_end_leaves_it_unknown():
    async with broken_relay(at=b".", by="silence") as port:
        answer = await delivered(smtp(port, answer_s=0.2))

    assert answer.verdict == "unknown"


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    """A certificate authority that this process trusts."""
    made = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return made


async def test_starttls_and_authentication(authority: trustme.CA):
    context = server_context(authority.issue_cert("127.0.0.1"))
    with Relay(tls_context=context, require_starttls=True, auth=True) as server:
        secret = Secret("right")
        right = await delivered(smtp(server.port, tls="starttls", user="me", password=secret))
        wrong = await delivered(
            smtp(server.port, tls="starttls", user="me", password=Secret("wrong"))
        )

    assert right == Answer("sent")
    assert wrong.verdict == "postponed", "it is our fault, not the address's"
    assert "535" in wrong.why
    assert "wrong" not in wrong.why
    assert ("me", "right") in server.logins


async def test_tls_from_the_start(authority: trustme.CA):
    context = server_context(authority.issue_cert("127.0.0.1"))
    with Relay(ssl_context=context) as server:
        assert await delivered(smtp(server.port, tls="tls")) == Answer("sent")


async def test_a_certificate_that_nobody_vouches_for_gets_no_mail():
    context = server_context(trustme.CA().issue_cert("127.0.0.1"))
    with Relay(tls_context=context) as server:
        answer = await delivered(smtp(server.port, tls="starttls"))

    assert answer.verdict == "postponed"
    assert server.received == []


async def test_a_relay_without_starttls_gets_no_mail_that_should_be_encrypted():
    with Relay() as server:
        answer = await delivered(smtp(server.port, tls="starttls"))

    assert answer.verdict == "postponed"
    assert server.received == []


async def test_the_relays_words_do_not_carry_the_address_into_logs():
    with Relay(lambda asked, who: f"550 5.1.1 <{who}> unknown") as server:
        answer = await delivered(smtp(server.port))

    assert ADDRESS not in answer.why


@contextlib.asynccontextmanager
async def broken_relay(at: bytes, by: str = "closing"):
    """A server that behaves until it reads a certain line."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            in_data = False
            while line := (await reader.readline()).rstrip(b"\r\n"):
                if line == at:
                    if by == "silence":
                        await reader.read()
                    break
                in_data = in_data or line == b"DATA"
                if line == b"DATA":
                    writer.write(b"354 go on\r\n")
                elif not in_data:
                    writer.write(b"250 fine\r\n")
                else:
                    while (line := (await reader.readline()).rstrip(b"\r\n")) != b".":
                        pass
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
