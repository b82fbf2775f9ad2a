"""A journal that gets long: the writer goes on in a new file, and what is delivered is removed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import psutil
import pytest

from tests.journals import NOW, OTHER, RUN, by_local_id, deliver, expected_points, opened, points
from tests.stores import all_runs
from tracked import tags as t
from tracked.journal.acks import read_ack
from tracked.journal.folder import Folder, full_of, next_of, previous_of
from tracked.journal.reader import read_window, writer_of
from tracked.journal.snapshot import Shelf, taken
from tracked.journal.writer import JournalFile
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.process import this_process
from tracked.records import Closed, Tags
from tracked.shipper.loop import Shipper
from tracked.testing import MemoryBackend


@pytest.fixture(autouse=True)
def _short(mocker):
    """Journals of a kilobyte, looked at each time."""
    mocker.patch("tracked.journal.writer.LONG", 1000)
    mocker.patch("tracked.journal.writer.LOOK", 0)
    mocker.patch("tracked.journal.disk.sync_to_disk")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals")


@pytest.fixture
def journal(folder):
    return JournalFile(folder)


@pytest.fixture
def dead(mocker):
    """From here on, the writer counts as dead."""
    return lambda: mocker.patch("tracked.shipper.tail.is_alive", return_value=False)


def records(folder):
    """What lies in all journals, in their order."""
    windows = [read_window(path, 0, ended=True) for path in folder.journals()]
    assert [] == [bad for window in windows for bad in window.bad]
    return [record for window in windows for _, record in window.records]


def write(journal, count=60, run=RUN):
    for record in (opened(run), *points(run, count)):
        journal.write(record)


def test_it_goes_on_in_a_new_file(folder, journal):
    """Each file ends at a record, tells its writer, and they are in order; one descriptor serves them all."""
    first = journal.path
    journal.write(Tags(RUN, {"first": "page"}))
    before = psutil.Process().num_fds()
    write(journal)
    found = folder.journals()
    assert len(found) > 3
    assert first == found[0]
    assert journal.path == found[-1]
    assert found[1:] == [next_of(path) for path in found[:-1]]
    assert [None, *found[:-1]] == [previous_of(path) for path in found]
    assert [this_process()] * len(found) == [writer_of(path) for path in found]
    assert [Tags(RUN, {"first": "page"}), opened(), *points(count=60)] == records(folder)
    assert all(path.stat().st_size < 2000 for path in found)
    assert [True] * (len(found) - 1) + [False] == [full_of(path).exists() for path in found]
    assert before == psutil.Process().num_fds()
    assert {0o600} == {path.stat().st_mode & 0o777 for path in folder.path.glob("*.*")}


def test_threads_that_write_while_the_page_is_turned_lose_nothing(folder, journal):
    """What a call acknowledged stands before the mark of its file, or in a later one."""
    start = threading.Barrier(8)

    def go(number):
        start.wait()
        for record in points(f"{number}", count=300):
            journal.write(record)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = records(folder)
    assert len(folder.journals()) > 2
    for number in range(8):
        own = [record.steps for record in found if record.run == f"{number}"]
        assert list(range(300)) == sorted(set(own))


def test_what_is_written_into_a_turned_page_is_written_again(folder, journal, mocker):
    """A thread that was held up between choosing the file and writing finds out, and writes where it counts."""
    journal.write(opened())
    real = os.write
    old = journal.path

    def held_up(fd, line):
        mocker.stop(patch)
        mocker.patch("tracked.journal.writer.LONG", 0)
        journal.write(Tags(RUN, {"other": "thread"}))
        written = old.open("ab")  # the kernel had the old file in its hands
        written.write(line)
        written.close()
        return len(line)

    patch = mocker.patch("os.write", held_up)
    journal.write(Tags(RUN, {"held": "up"}))
    assert old != journal.path
    assert real is os.write
    later = [
        record
        for path in folder.journals()
        if path != old
        for _, record in read_window(path, 0, ended=True).records
    ]
    assert Tags(RUN, {"held": "up"}) in later


def test_a_full_disk_keeps_the_old_page(folder, journal, mocker):
    """Where no new file can be begun the old one grows on, and nothing that was acknowledged is lost."""
    journal.write(opened())
    turn = mocker.patch("tracked.journal.writer._begin", side_effect=OSError("full"))
    for record in points(count=20):
        journal.write(record)
    assert turn.call_count > 1
    assert [opened(), *points(count=20)] == records(folder)
    assert 1 == len(folder.journals())
    mocker.stop(turn)
    for record in points(count=20, first=20):
        journal.write(record)
    assert len(folder.journals()) > 1
    assert [opened(), *points(count=40)] == records(folder)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_turns_pages_of_its_own(folder, journal):
    """After a fork each side goes on in its own files."""
    write(journal, 10)
    child = os.fork()
    if child == 0:
        write(journal, 30, OTHER)
        os._exit(0)
    write(journal, 30, "c" * 32)
    assert (child, 0) == os.waitpid(child, 0)
    found = records(folder)
    for run in (OTHER, "c" * 32):
        assert [opened(run), *points(run, 30)] == [record for record in found if record.run == run]


def test_what_is_delivered_is_removed_while_its_writer_lives(folder, journal):
    """A run of weeks leaves one file; the store has all of it, in order, and the run is still open."""
    write(journal)
    backend = deliver(folder)
    assert [journal.path] == folder.journals()
    assert {"files", "shipper.json", "ids.log", journal.path.name, journal.path.with_suffix(".ack").name} == {
        path.name for path in folder.path.iterdir()
    }
    run = by_local_id(backend)[RUN]
    assert expected_points(60) == list(run.points)
    assert "RUNNING" == run.status
    assert (RUN,) == read_ack(journal.path).open


def test_pages_are_delivered_in_order(folder, journal):
    """A later page waits for an earlier one that is still on its way, so that an old tag never overwrites a new one."""
    write(journal)
    for count in range(40):
        journal.write(Tags(RUN, {"count": str(count)}))
    shipper = Shipper(folder, MemoryBackend)
    seen = []
    while shipper.round():
        seen.append(
            shipper._delivery.backend.runs and by_local_id(shipper._delivery.backend)[RUN].tags.get("count")
        )
    counts = [int(count) for count in seen if count]
    assert counts == sorted(counts)
    assert 39 == counts[-1]


def test_runs_that_are_open_over_pages_are_closed_when_the_writer_dies(folder, journal, dead):
    """The death of the process ends a run that was opened many pages before; one that had ended stays as it was."""
    write(journal)
    write(journal, 20, OTHER)
    journal.write(Closed(OTHER, NOW + 99, "FINISHED"))
    dead()
    backend = deliver(folder)
    runs = by_local_id(backend)
    assert [] == folder.journals()
    assert "KILLED" == runs[RUN].status
    assert t.END_REASON in runs[RUN].tags
    assert ("FINISHED", NOW + 99) == (runs[OTHER].status, runs[OTHER].end_time)


def test_a_writer_that_dies_while_it_turns_loses_nothing(folder, journal, dead):
    """Without the mark, death alone says that a page is full."""
    write(journal)
    for path in folder.path.glob("*.full"):
        path.unlink()
    alive = deliver(folder)
    assert expected_points(60)[: len(by_local_id(alive)[RUN].points)] == list(by_local_id(alive)[RUN].points)
    assert len(folder.journals()) > 3
    dead()
    backend = deliver(folder, alive)
    assert [] == folder.journals()
    assert expected_points(60) == list(by_local_id(backend)[RUN].points)
    assert "KILLED" == by_local_id(backend)[RUN].status


def test_a_shipper_that_dies_anywhere_is_followed_by_another(folder, journal, dead, mocker):
    """Whatever a shipper had done when it died, the next one delivers each point once and closes the run."""
    write(journal)
    backend = MemoryBackend()
    real = os.unlink
    for count in range(20):
        left = iter([True] * count)

        def dies(*arguments, left=left):
            if next(left, False):
                return real(*arguments)
            raise KeyboardInterrupt

        patch = mocker.patch("pathlib.os.unlink", dies)
        with suppress(KeyboardInterrupt):
            Shipper(folder, lambda: backend).drain()
        mocker.stop(patch)
    dead()
    deliver(folder, backend)
    assert expected_points(60) == sorted(by_local_id(backend)[RUN].points, key=lambda point: point.step)
    assert "KILLED" == by_local_id(backend)[RUN].status


def test_copies_of_artifacts_outlive_the_page_they_were_made_in(folder, journal, dead):
    """A copy belongs to the process, not to the page: removing a page takes no copy that a later one tells of."""
    write(journal, 5)
    shelf = Shelf(folder, journal.owner)
    (artifact,) = taken(shelf, RUN, b"weights", "model.bin")
    folder.new_snapshot("never told of", journal.owner)
    write(journal, 60, OTHER)
    backend = deliver(folder)
    assert folder.stored(artifact.stored).exists()
    journal.write(artifact)
    deliver(folder, backend)
    assert {"model.bin": b"weights"} == by_local_id(backend)[RUN].artifacts
    dead()
    deliver(folder, backend)
    assert [] == list(folder.files.iterdir())


def test_a_real_store_has_every_point_once(folder, journal, tmp_path, templates):
    """On MLflow's own sqlite store, with a new shipper for each stretch."""
    backend = MlflowBackend(f"sqlite:///{tmp_path}/mlflow.db", templates)
    for number in range(3):
        for record in ([opened()] if not number else []) + points(count=30, first=30 * number):
            journal.write(record)
        deliver(folder, backend)
    journal.write(Closed(RUN, NOW + 999, "FINISHED"))
    deliver(folder, backend)
    (run,) = all_runs(client_for(backend.uri)).values()
    assert expected_points(90) == sorted(run.points, key=lambda point: point.step)
    assert "FINISHED" == run.status
    assert [journal.path] == folder.journals()
