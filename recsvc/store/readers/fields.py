"""Fields of a stored profile that are no items; `lua/record.lua` has them, too."""

VOTE = b""
FIRST_SEEN = b"\1"
PRUNE_AT = b"\2"
VERSION = b"\3"
