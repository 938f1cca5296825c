"""Refusals: what an enhanced status code says of an address (RFC 3463).

5.1.x is about the address, 5.2.1 about a mailbox that is closed: nothing will ever arrive there. Any
other permanent failure may be about the mail or the sender, and a full mailbox (5.2.2) may be emptied.
"""

import re

_STATUS = re.compile(r"^\s*([245])\.(\d{1,3})\.(\d{1,3})\b")


def status_in(text: str) -> tuple[int, int, int] | None:
    """Return the enhanced status code that a text begins with."""
    found = _STATUS.match(text)
    return None if found is None else (int(found[1]), int(found[2]), int(found[3]))


def is_of_address(status: tuple[int, int, int]) -> bool:
    """Return whether nothing will ever arrive at the address."""
    return status[0] == 5 and (status[1] == 1 or status[1:] == (2, 1))
