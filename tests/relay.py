"""A real SMTP server that keeps what it accepts, and says no when told to."""

import email.policy
import ssl
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.service import free_port

# Given a command (RCPT or DATA) and the recipient, the answer; None accepts.
Says = Callable[[str, str], str | None]


class Received:
    """One accepted message."""

    def __init__(self, sender: str, recipient: str, wire: bytes) -> None:
        self.sender = sender
        self.recipient = recipient
        self.wire = wire

    @cached_property
    def message(self) -> EmailMessage:
        """The wire bytes as the stdlib reads them."""
        return email.message_from_bytes(self.wire, policy=email.policy.default)

    def part(self, subtype: str) -> str:
        """The text or the HTML of it."""
        body = self.message.get_body((subtype,))
        assert body is not None
        return body.get_content()

    @property
    def text(self) -> str:
        return self.part("plain")

    @property
    def html(self) -> str:
        return self.part("html")


class Relay:
    """`with Relay() as relay:` listens on `relay.port`."""

    def __init__(self, says: Says | None = None, port: int = 0, **options: Any) -> None:
        self.says = says
        self.received: list[Received] = []
        self.sessions = 0
        self.logins: list[tuple[str, str]] = []
        self.port = port or free_port()
        if options.pop("auth", False):
            options |= {"authenticator": self._authenticate, "auth_required": True}
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, ready_timeout=30, **options
        )

    def __enter__(self) -> "Relay":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def per_recipient(self) -> Counter[str]:
        return Counter(r.recipient for r in self.received)

    def to(self, address: str) -> list[Received]:
        return [r for r in self.received if r.recipient == address]

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope: Envelope, address, options):  # noqa: N802
        no = self.says("RCPT", address) if self.says else None
        if no is None:
            envelope.rcpt_tos.append(address)
        return no or "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope: Envelope):  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        no = self.says("DATA", recipient) if self.says else None
        if no is None:
            assert isinstance(envelope.content, bytes)
            self.received.append(Received(envelope.mail_from or "", recipient, envelope.content))
        return no or "250 2.0.0 OK"

    def _authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right", handled=False)


def server_context(certificate: Any) -> ssl.SSLContext:
    """A TLS context of a trustme certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context
