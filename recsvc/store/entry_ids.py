"""Ids of stream entries as numbers: as text, `9-0` would come after `10-0`."""

EntryId = tuple[int, int]

FIRST: EntryId = (0, 0)


def parse(entry_id: str | bytes) -> EntryId:
    """Return (milliseconds, sequence) of an id; without a sequence it is 0."""
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    ms, _, seq = text.partition("-")
    return int(ms), int(seq or 0)
