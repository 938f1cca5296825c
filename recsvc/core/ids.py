"""What an id of a reader, an item or an event may be."""

from typing import Annotated

from msgspec import Meta

MAX_ID_CHARS = 256
# 1-256 characters, none of them a control character. The lookahead closes the one gap of `$`,
# which in Python also matches before a final newline; in other languages it changes nothing.
Id = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_ID_CHARS, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)"),
]
