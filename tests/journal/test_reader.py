from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journals import DEAD, RUN, journal, opened, points, whole_run
from tracked.journal import lines
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window, writer_of
from tracked.records import Tags, to_json


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals")


def read_all(path, size, *, ended=True):
    """All windows of a file, one after the other."""
    at, records, bad = 0, [], []
    while (window := read_window(path, at, ended=ended, size=size)).end > at:
        records += [record for _, record in window.records]
        bad += window.bad
        at = window.end
    return records, bad, at


@given(size=st.integers(1, 2000))
def test_windows_of_any_size_read_the_same(tmp_path_factory, size):
    """How much is read at once changes nothing; a line longer than the window is read whole."""
    folder = Folder(tmp_path_factory.mktemp("journals"))
    records = [*whole_run(), Tags(RUN, {"long": "x" * 1500}), *points(first=5)]
    path = journal(folder, records)
    assert (records, [], path.stat().st_size) == read_all(path, size)


def test_a_torn_end_waits_while_the_writer_lives(folder):
    """What a living writer has half written is neither taken, skipped nor reported, and read once it is whole."""
    path = journal(folder, [opened()])
    whole = path.read_bytes()
    line = lines.encode(to_json(Tags(RUN, {"a": "b"})))
    for cut in range(1, len(line)):
        path.write_bytes(whole + line[:cut])
        window = read_window(path, len(whole), ended=False)
        assert ([], []) == (window.records, window.bad)
        path.write_bytes(whole + line)
        later = read_window(path, window.end, ended=False)
        assert [Tags(RUN, {"a": "b"})] == [record for _, record in later.records]


def test_a_torn_end_of_a_dead_writer_is_reported_with_its_place(folder):
    """The rest of a record that was never acknowledged is told, and the file counts as read to its end."""
    path = journal(folder, [opened()])
    whole = path.read_bytes()
    path.write_bytes(whole + lines.encode("torn")[:-3])
    window = read_window(path, 0, ended=True)
    assert [len(whole) + 1] == [bad.offset for bad in window.bad]
    assert path.stat().st_size == window.end


def test_each_record_knows_where_it_stands(folder):
    """Reading can go on from any record's offset."""
    path = journal(folder, whole_run())
    for index, (offset, _) in enumerate(read_window(path, 0, ended=True).records):
        assert whole_run()[index:] == [r for _, r in read_window(path, offset, ended=True).records]


@pytest.mark.parametrize("value", [None, 5, "text", [], [[]], ["closed"], {"writer": 1}, ["writer", 5]])
def test_a_line_that_is_no_record_is_reported(folder, value):
    """A valid line that says nothing we know costs itself only."""
    path = journal(folder, [opened()])
    path.write_bytes(path.read_bytes() + lines.encode(value) + lines.encode(to_json(points(count=1)[0])))
    window = read_window(path, 0, ended=True)
    assert [opened(), *points(count=1)] == [record for _, record in window.records]
    assert 1 == len(window.bad)


def test_a_journal_says_who_wrote_it(folder, tmp_path):
    """The writer is known from the first line; where that is missing or bad nobody is named."""
    assert writer_of(journal(folder, [])) == DEAD
    for content in (b"", b"\n", b"garbage", lines.encode(["closed"]), lines.encode(["writer", DEAD])[:-9]):
        (tmp_path / "x").write_bytes(content)
        assert {} == writer_of(tmp_path / "x")
