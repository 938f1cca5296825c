"""How mails are handed over: by how many at a time, and to which relay."""

from typing import Annotated, Literal

import msgspec

from recsvc.params import setting
from recsvc.secret import Secret


class PostParams(msgspec.Struct, frozen=True):
    """How many mails are in hand, and for how long."""

    lease_s: Annotated[
        float,
        setting(
            "A mail that a dead worker had in hand is taken up again after this long, if "
            "no worker starts on its machine before.",
            name="digest_lease_s",
            ge=1,
        ),
    ] = 900.0
    connections: Annotated[
        int,
        setting(
            "Connections to the relay at the same time.", name="smtp_connections", ge=1, le=100
        ),
    ] = 2


class SmtpParams(msgspec.Struct, frozen=True):
    """Which relay, and how to talk to it.

    Attributes:
        timeout_s: for everything up to the end of the data.
        answer_s: for the answer to it, which takes as long as the relay's own checks.
    """

    host: Annotated[
        str,
        setting("Relay that takes mails; empty: they go to a folder, `outbox`.", name="smtp_host"),
    ] = ""
    port: Annotated[int, setting("Its port.", name="smtp_port", ge=1, le=65535)] = 587
    tls: Annotated[
        Literal["starttls", "tls", "none"],
        setting(
            "How the connection is encrypted: STARTTLS, TLS from the start, not at all.",
            name="smtp_tls",
        ),
    ] = "starttls"
    user: Annotated[
        str, setting("User at the relay; empty: no authentication.", name="smtp_user")
    ] = ""
    password: Annotated[Secret, setting("Password at the relay.", name="smtp_password")] = Secret()
    timeout_s: float = 60.0
    answer_s: float = 300.0

    @property
    def shows_password(self) -> bool:
        """Whether a password would go to another machine in the clear."""
        is_here = self.host in ("localhost", "127.0.0.1", "::1")
        return bool(self.user) and self.tls == "none" and not is_here
