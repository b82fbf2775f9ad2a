"""Disks that are full, read-only, taken away or without locks: tracking steps aside with a line, and comes back."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

from tests.journals import RUN, by_local_id, deliver, expected_points, opened, points, whole_run
from tests.scripts import PATIENCE, Store, await_, called, values
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window, writer_of
from tracked.journal.writer import JournalFile
from tracked.process import this_process
from tracked.session import process
from tracked.testing import MemoryBackend

PROGRAM = Path(__file__).parent / "programs" / "disk.py"
OUT = "{'acc': 1.0} {'acc': 2.0} {'acc': 3.0}\n{'acc': 4.0}\n"
SOON = 20
STEPS = [float(step) for step in range(20)]


@pytest.fixture
def store(tmp_path) -> Store:
    (tmp_path / "outside").mkdir()
    return Store(tmp_path / "outside")


@pytest.fixture
def small(tmp_path):
    """A home on a disk of its own, which is soon full."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def run(case: str, store: Store, home: Path) -> list[str]:
    """What the program says on stderr; it has to print what it prints without tracking."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), case],
        env={
            **os.environ,
            "TRACKED_HOME": str(home),
            "TRACKED_TRACKING_URI": store.uri,
            "TRACKED_EXIT_TIMEOUT": "10",
        },
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    assert (0, OUT) == (done.returncode, done.stdout), done.stderr
    return done.stderr.splitlines()


def complaints(lines: list[str]) -> list[str]:
    return [line for line in lines if "tracking failed" in line or "your code goes on" in line]


def delivered(store: Store, name: str):
    """The run of this name, once it has ended in the store."""
    await_(
        lambda: store.path.exists() and [r for r in called(store.runs, name) if r.status != "RUNNING"],
        f"the run {name} is not there",
    )
    return store[name]


def check_around(store: Store) -> None:
    """What was recorded before and after the trouble is whole."""
    for name in ("before", "after"):
        assert ("FINISHED", STEPS) == ((run := delivered(store, name)).status, values(run, "acc")[:20])


def test_a_full_disk_costs_a_line_and_what_it_could_not_take(store, small):
    """While the disk is full tracking steps aside; what was written before arrives, and so does the run after it."""
    lines = run("full", store, small)
    assert 1 <= len(complaints(lines)) <= 2, lines
    assert "No space left" in complaints(lines)[0] or "part" in complaints(lines)[0]
    check_around(store)


def test_a_file_that_may_not_grow_costs_a_line(store, home):
    """The same without a disk of its own: the system lets no file grow."""
    lines = run("too large", store, home)
    assert 1 <= len(complaints(lines)) <= 2, lines
    check_around(store)


@pytest.mark.slow  # what comes of the run whose beginning is gone is waited for before it is put aside
def test_a_folder_that_is_taken_away_costs_what_was_in_it(store, home):
    """Who removes the journals under a program loses what was in them, is told so, and the next run is recorded."""
    lines = run("removed", store, home)
    assert 1 <= len([line for line in lines if "removed" in line]) <= 2, lines
    time.sleep(SOON)
    run_after = delivered(store, "after")
    assert ("FINISHED", STEPS) == (run_after.status, values(run_after, "acc")[:20])


def test_a_journal_that_was_removed_is_begun_anew(tmp_path, capsys):
    """The first record after it that is no metric begins another file, which tells its writer, and one line says so."""
    folder = Folder(tmp_path / "stores" / "one")
    journal = JournalFile(folder)
    journal.revive()
    journal.write(opened())
    shutil.rmtree(tmp_path / "stores")
    journal.write(points(count=1)[0])
    for _ in range(2):
        journal.revive()
        journal.write(opened())
    assert [journal.path] == folder.journals()
    assert [opened()] * 2 == [record for _, record in read_window(journal.path, 0, ended=True).records]
    assert this_process() == writer_of(journal.path)
    assert 1 == capsys.readouterr().err.count("was removed")


@pytest.mark.parametrize("kind", ["no folder", "read-only"])
def test_a_place_that_cannot_be_written_costs_a_line(store, tmp_path, kind):
    """Where no journal can be made the program runs as without us, and says so in one line."""
    home = tmp_path / "no"
    if kind == "no folder":
        home.write_text("a file")
    else:
        home.mkdir(mode=0o500)
        if os.access(home, os.W_OK):
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(home)], check=False)
            if mounted.returncode:
                pytest.skip("root may write everywhere, and nothing can be mounted")
    try:
        lines = run("none", store, home)
    finally:
        subprocess.run(["umount", "-l", str(home)], check=False, capture_output=True)
    assert 1 == len(complaints(lines)), lines
    assert not store.path.exists()


@pytest.mark.parametrize("kept", [0, 7])
def test_a_shipper_on_a_full_disk_loses_and_doubles_nothing(tmp_path, mocker, kept):
    """What the shipper cannot write down whole is not taken for written: it delivers again when there is room."""
    folder, backend = Folder(tmp_path / "journals"), MemoryBackend()
    journal = JournalFile(folder)
    for record in whole_run():
        journal.write(record)
    real = os.write
    mocker.patch("os.write", lambda fd, content: real(fd, content[:kept]))
    with pytest.raises(OSError, match="part"):
        deliver(folder, backend)
    mocker.stopall()
    deliver(folder, backend)
    assert expected_points() == list(by_local_id(backend)[RUN].points)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_folder_without_locks_is_delivered_all_the_same(tmp_path, mocker, code):
    """On a file system without flock one shipper serves a folder, and a second one sees that."""
    mocker.patch("fcntl.flock", side_effect=OSError(code, os.strerror(code)))
    folder = Folder(tmp_path / "journals")
    JournalFile(folder).write(opened())
    with process.lock_of(folder).acquire(timeout=0):
        assert process.is_served(folder)
        with pytest.raises(filelock.Timeout), process.lock_of(folder).acquire(timeout=0):
            pass
    assert not process.is_served(folder)
