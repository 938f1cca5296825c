"""Of a damaged log every whole entry stays, whatever was damaged and wherever."""

from hypothesis import given
from hypothesis import strategies as st

from recsvc.store.bundled.entries import Span, entry_at
from recsvc.store.bundled.salvage import salvage


def entry(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


MULTI, EXEC = entry(b"MULTI"), entry(b"EXEC")

values = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"*1\r\n$8\r\nFLUSHALL\r\n", b"\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n"]),
)
writes = st.builds(
    lambda shard, words: entry(b"XADD", b"rs:{%d}:events" % shard, *words),
    st.integers(0, 63),
    st.lists(values, min_size=2, max_size=5),
)
groups = st.lists(writes, min_size=1, max_size=6).map(lambda ws: [MULTI, *ws, EXEC])
logs = st.lists(st.one_of(groups, writes.map(lambda w: [w])), min_size=1, max_size=12)


def kept(log: bytes) -> list[bytes]:
    """The entries that stay."""
    found = []
    for start, end in salvage(log).kept:
        while start < end:
            whole = entry_at(log, start)
            assert whole is not None
            found.append(log[start : whole.end])
            start = whole.end
    return found


@given(logs)
def test_a_sound_log_is_kept_as_it_is(parts):
    log = b"".join(e for part in parts for e in part)

    assert salvage(log).is_sound
    assert salvage(log).kept == [Span(0, len(log))]


@given(logs, st.data())
def test_every_write_outside_the_damage_stays(parts, data):
    entries = [e for part in parts for e in part]
    log = bytearray(b"".join(entries))
    at = data.draw(st.integers(0, len(log) - 1))
    noise = data.draw(st.one_of(st.binary(min_size=1, max_size=64), st.just(b"\0" * 64)))
    # What follows: the damage lies in the middle.
    behind = [MULTI, entry(b"XADD", b"rs:{1}:events", b"*", b"e", b"last"), EXEC]
    log[at : at + len(noise)] = noise[: len(log) - at]
    spoilt = bytes(log) + b"".join(behind)

    left = kept(spoilt)

    end, outside = 0, []
    for e in entries:
        start, end = end, end + len(e)
        is_touched = start < at + len(noise) and at < end
        if not is_touched and e not in (MULTI, EXEC):
            outside.append(e)
    for e in outside:
        assert left.count(e) >= outside.count(e)
    assert left[-2] == behind[1] or left[-1] == behind[1]
    whole = b"".join(spoilt[s:e] for s, e in salvage(spoilt).kept)
    assert salvage(whole).is_sound, "what is written anew reads as a whole"


@given(logs, st.data())
def test_of_an_end_that_was_half_written_only_the_last_group_goes(parts, data):
    before = b"".join(e for part in parts for e in part)
    last = b"".join([MULTI, entry(b"XADD", b"rs:{1}:events", b"e"), EXEC])
    cut = data.draw(st.integers(1, len(last) - 1))

    found = salvage(before + last[:cut])

    assert found.kept == [Span(0, len(before))]
    assert found.damaged == [Span(len(before), len(before) + cut)]
