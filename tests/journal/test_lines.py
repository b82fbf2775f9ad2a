from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked.journal import lines

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def good(chunk: bytes) -> list[object]:
    """What the good lines hold."""
    return [line.value for line in lines.parse(chunk) if not line.problem]


@given(st.lists(JSON, max_size=6))
def test_what_is_written_is_read(values):
    """Any JSON comes back, in order, from one file."""
    assert values == good(b"".join(map(lines.encode, values)))


VALUES = [["metrics", "a" * 8, 5, 0, {"acc": 0.5}], {"text": "two\nlines"}, None, ["x"]]
FILE = b"".join(map(lines.encode, VALUES))
ENDS = [len(b"".join(map(lines.encode, VALUES[:n]))) for n in range(len(VALUES) + 1)]


def test_a_file_cut_anywhere_gives_all_lines_before_the_cut():
    """A torn end costs the torn line only, and is never taken for a value."""
    for cut in range(len(FILE) + 1):
        # The last byte says that a line is whole; the line is valid without it.
        count = sum(end - 1 <= cut for end in ENDS[1:])
        assert VALUES[:count] == good(FILE[:cut])


@pytest.mark.parametrize("damage", [0x01, 0x20, 0x80, 0xFF, "newline", "zero"])
def test_a_damaged_byte_anywhere_costs_one_line(damage):
    """Whatever a byte becomes, newlines included, all lines but its own are read unchanged."""
    for at in range(len(FILE)):
        damaged = bytearray(FILE)
        damaged[at] = {"newline": 10, "zero": 0}.get(damage) if isinstance(damage, str) else FILE[at] ^ damage
        touched = next(n for n, end in enumerate(ENDS[1:]) if at < end)
        read = good(bytes(damaged))
        assert VALUES[:touched] == read[:touched]
        assert VALUES[touched + 1 :] == read[len(read) - len(VALUES) + touched + 1 :]
        assert read[touched : len(read) - len(VALUES) + touched + 1] in ([], [VALUES[touched]])


def test_a_line_after_a_torn_one_is_clean():
    """What a full disk tore off does not spoil the line behind it, and is reported at its own place."""
    torn = lines.encode("torn")[:-4]
    parsed = list(lines.parse(torn + lines.encode("whole"), at=100))
    assert [True, False] == [bool(line.problem) for line in parsed]
    assert "whole" == parsed[1].value
    assert [101, 100 + len(torn) + 1] == [line.start for line in parsed]


def test_a_hole_of_zero_bytes_is_named():
    """What some file systems leave after a power cut is skipped and called by its name."""
    parsed = list(lines.parse(b"\0" * 50 + lines.encode("whole")))
    assert ["a hole of zero bytes", ""] == [line.problem for line in parsed]


def test_only_whole_lines_of_a_living_file_are_taken():
    """The end of a file that is being written is left for later, up to its newline."""
    line = lines.encode("one")
    assert line == lines.whole(line)
    for cut in range(1, len(line)):
        assert line + b"\n" == lines.whole(line + line[:cut])


@given(st.binary(max_size=60))
def test_garbage_is_no_exception(garbage):
    """Any bytes at all are read as bad lines, and the good line behind them stays good."""
    assert "good" in good(garbage + lines.encode("good"))


def test_json_deeper_than_python_can_follow_is_a_bad_line():
    """A line made to exhaust the stack is skipped like any other bad line."""
    deep = lines.line_of(b"[" * 5000 + b"]" * 5000)
    parsed = list(lines.parse(deep + lines.encode("good")))
    assert [True, False] == [bool(line.problem) for line in parsed]
