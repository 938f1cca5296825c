"""What takes mails from us: an SMTP relay, or a folder where there is none."""

from typing import Literal, Protocol

import msgspec

from recsvc.mail.message import Letter

Verdict = Literal["sent", "unknown", "deferred", "postponed", "refused", "withdrawn"]


class Answer(msgspec.Struct, frozen=True):
    """What became of a letter.

    Attributes:
        why: the relay's words, where it did not take the letter.
        final: of a refusal: whether the address itself takes no mail.
    """

    verdict: Verdict
    why: str = ""
    final: bool = False


class LastCheck(Protocol):
    """Stands before the last byte of a letter, from which on it may have been accepted."""

    async def still_wanted(self) -> bool:
        """Return whether the letter is still wanted, and note that its end is about to be sent."""
        ...

    def ends_now(self) -> None:
        """Note that the very next thing to happen is the sending of the end."""
        ...


class Relay(Protocol):
    """Takes letters, one at a time."""

    async def deliver(self, letter: Letter, check: LastCheck) -> Answer:
        """Hand a letter over; never raises for what the other side does."""
        ...

    async def rest(self) -> None:
        """Close what need not stay open while there is nothing to do."""
        ...
