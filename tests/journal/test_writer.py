from __future__ import annotations

import math
import os
import threading

import pytest

from tests.journals import NOW, RUN, opened, points
from tracked.journal import writer
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window, writer_of
from tracked.journal.writer import JournalFile
from tracked.process import this_process
from tracked.records import Metrics, Params, Tags


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals")


@pytest.fixture
def journal(folder):
    return JournalFile(folder)


def read(folder):
    """All records of all journals, and that nothing in them is bad."""
    windows = [read_window(path, 0, ended=True) for path in folder.journals()]
    assert [] == [bad for window in windows for bad in window.bad]
    return [record for window in windows for _, record in window.records]


def test_a_record_is_in_the_file_when_the_call_returns(folder, journal):
    """Nothing is buffered: each record can be read as soon as it was written."""
    for count, record in enumerate([opened(), *points()], start=1):
        journal.write(record)
        assert count == len(read(folder))


def test_a_record_is_one_write_of_the_system(journal, mocker):
    """One system call a record, so that threads and kill -9 find whole records."""
    journal.write(opened())
    write = mocker.spy(os, "write")
    for record in points(count=3):
        journal.write(record)
    assert 3 == write.call_count


def test_every_float_comes_back(folder, journal):
    """NaN, the infinities and the extremes of a double go through the journal unchanged."""
    values = {
        "nan": math.nan,
        "inf": math.inf,
        "-inf": -math.inf,
        "tiny": 5e-324,
        "big": 1.7976931348623157e308,
    }
    journal.write(Metrics(RUN, NOW, 0, values))
    journal.write(Metrics(RUN, NOW, 1, {"big": 1.7976931348623157e308, "bigger": 1.7976931348623157e308}))
    first, second = read(folder)
    assert repr(values) == repr(first.values)
    assert [1.7976931348623157e308] * 2 == list(second.values.values())


@pytest.mark.parametrize("broken", ["\udcff.txt", "half \ud83d emoji"])
def test_half_characters_cost_themselves_only(folder, journal, broken):
    """A text that is no valid Unicode, such as a file name of another encoding, does not lose the record."""
    journal.write(Params(RUN, {"path": broken, broken: "x", "lr": "ä"}))
    (record,) = read(folder)
    assert ["ä", "x"] == sorted(record.values.values(), reverse=True)[:2]
    assert "?" in record.values["path"]


def test_a_key_that_is_no_text_becomes_one(folder, journal):
    """A number as a key does not lose the record, also beside a NaN."""
    journal.write(Metrics(RUN, NOW, {0: 4}, {0: math.nan}))
    (record,) = read(folder)
    assert {"0": 4} == record.steps
    assert math.isnan(record.values["0"])


@pytest.mark.parametrize("kept", [0, 1, 5, 30])
def test_a_short_write_is_not_acknowledged(folder, journal, mocker, kept):
    """What a full disk cut off raises, costs itself only, and the next record is clean."""
    journal.write(opened())
    real = os.write
    mocker.patch("os.write", lambda fd, line: real(fd, line[:kept]))
    with pytest.raises(OSError, match="part"):
        journal.write(Tags(RUN, {"lost": "yes"}))
    mocker.stopall()
    journal.write(Tags(RUN, {"next": "yes"}))
    window = read_window(journal.path, 0, ended=False)
    assert [opened(), Tags(RUN, {"next": "yes"})] == [record for _, record in window.records]
    assert int(kept > 1) == len(window.bad)


def test_a_full_disk_leaves_no_rubbish(folder, journal, mocker):
    """While not even the first line can be written, files do not heap up; later all is well."""
    real = os.write
    mocker.patch("os.write", lambda fd, line: real(fd, line[:7]))
    for _ in range(3):
        with pytest.raises(OSError, match="part"):
            journal.write(opened())
    mocker.stopall()
    assert ["files"] == [path.name for path in folder.path.iterdir()]
    journal.write(opened())
    assert [opened()] == read(folder)


def test_the_file_tells_its_writer(folder, journal):
    """Whoever reads the journal can tell whether its writer lives."""
    journal.write(opened())
    assert this_process() == writer_of(journal.path)


def test_no_journal_is_ever_seen_without_its_writer(folder, journal, mocker):
    """A shipper that looks at the worst moment does not take a new journal for that of a dead process."""
    seen = []
    real = os.write
    mocker.patch("os.write", lambda fd, line: seen.append(folder.journals()) or real(fd, line))
    journal.write(opened())
    assert [[], [journal.path]] == seen


def test_threads_at_once_write_whole_lines_into_one_file(folder, journal):
    """Eight threads that begin together lose, tear and double nothing, and share one file."""
    start = threading.Barrier(8)

    def write(number):
        start.wait()
        for record in points(f"{number}", count=250):
            journal.write(record)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = read(folder)
    for number in range(8):
        assert list(range(250)) == [r.steps for r in records if r.run == str(number)]
    assert 1 == len(folder.journals())


def test_a_race_for_the_first_record_ends_with_one_file(folder, journal, mocker):
    """Two threads that both begin the file keep one: a run is never opened in one and closed in another."""
    real = writer._begin

    def overtaken(place):
        mocker.stopall()
        begun = real(place)
        journal.write(opened())  # what another thread does meanwhile
        return begun

    mocker.patch("tracked.journal.writer._begin", overtaken)
    journal.write(Tags(RUN, {"a": "b"}))
    assert [journal.path] == folder.journals()
    assert [opened(), Tags(RUN, {"a": "b"})] == read(folder)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_writes_a_file_of_its_own(folder, journal):
    """After a fork parent and child share nothing: each record is there once, in its writer's file."""
    journal.write(opened())
    mine = journal.path
    child = os.fork()
    if child == 0:
        for record in points(count=50):
            journal.write(record)
        os._exit(0)
    for record in points("b" * 32, count=50):
        journal.write(record)
    assert (child, 0) == os.waitpid(child, 0)
    other = next(path for path in folder.journals() if path != mine)
    assert 2 == len(folder.journals())
    assert points(count=50) == [r for _, r in read_window(other, 0, ended=True).records]
    assert child == writer_of(other)["pid"]
    assert [opened(), *points("b" * 32, count=50)] == [r for _, r in read_window(mine, 0, ended=True).records]


def test_only_the_owner_can_read_journals(folder, journal):
    """Journals hold what people log: 0600 in folders of 0700, whatever the umask."""
    before = os.umask(0)
    try:
        journal.write(opened())
    finally:
        os.umask(before)
    assert 0o600 == journal.path.stat().st_mode & 0o777
    assert [0o700, 0o700] == [path.stat().st_mode & 0o777 for path in (folder.path, folder.files)]


def test_looking_at_it_is_no_use(folder, journal):
    """Whether something was written is known without writing anything."""
    assert not journal.was_used
    assert not folder.path.exists()
    journal.write(opened())
    assert journal.was_used
