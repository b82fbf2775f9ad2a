from __future__ import annotations

import pytest

from tests.journals import journal, opened
from tracked.journal import ids, lines
from tracked.journal.folder import Folder
from tracked.ports import RemoteRun
from tracked.session.waiting import Ids


@pytest.fixture
def folder(tmp_path, mocker):
    mocker.patch("tracked.journal.disk.sync_to_disk")
    return Folder(tmp_path / "journals").made()


def fill(folder, count):
    for number in range(count):
        ids.add(folder, f"{number:032d}", RemoteRun(f"id-{number}", "0"))


def test_what_was_added_is_known(folder):
    """Each run that the store made is remembered, by who reads it all and by who reads on."""
    reader = Ids(folder)
    assert {} == ids.read(folder)
    fill(folder, 3)
    assert RemoteRun("id-2", "0") == ids.read(folder)[f"{2:032d}"] == reader.get(f"{2:032d}")


HOSTILE = [
    [["x"], "a", "b", "c", True],
    ["x", "a"],
    ["x", 1, "b", "c", True],
    ["x", "a", "b", "c", "yes"],
    "x",
    None,
    7,
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_line_that_tells_no_run_costs_itself_only(folder, value):
    """A bundle may bring any line: it names no run, and the others count."""
    folder.ids.write_bytes(lines.encode(value))
    fill(folder, 1)
    known = ids.read(folder)
    assert [f"{0:032d}"] == [run for run, made in known.items() if isinstance(made, RemoteRun)]
    assert RemoteRun("id-0", "0") == Ids(folder).get(f"{0:032d}")


def test_it_is_cut_when_nobody_writes_any_more(folder, mocker):
    """Of many runs the last are remembered, once no journal is left, and only where that is worth it."""
    fill(folder, 30)
    mocker.patch("tracked.journal.ids.MANY", 10)
    ids.prune(folder)
    assert 30 == len(ids.read(folder))
    mocker.patch("tracked.journal.ids._LONG", 100)
    path = journal(folder, [opened()])
    ids.prune(folder)
    assert 30 == len(ids.read(folder))
    path.unlink()
    ids.prune(folder)
    assert [f"{number:032d}" for number in range(20, 30)] == list(ids.read(folder))
    assert 0o600 == folder.ids.stat().st_mode & 0o777


def test_who_reads_on_does_not_stumble_over_the_cut(folder, mocker):
    """A process that knew the file before it was cut knows what was there, and what comes."""
    mocker.patch("tracked.journal.ids.MANY", 2)
    mocker.patch("tracked.journal.ids._LONG", 100)
    reader = Ids(folder)
    fill(folder, 30)
    assert "id-0" == reader.get(f"{0:032d}").run_id
    ids.prune(folder)
    ids.add(folder, "new", RemoteRun("id-new", "0"))
    assert "id-new" == reader.get("new").run_id
    assert "id-0" == reader.get(f"{0:032d}").run_id


def test_a_shipper_that_leaves_cuts_it(folder, mocker):
    """Nobody has to think of it."""
    from tracked.shipper.loop import Shipper
    from tracked.testing import MemoryBackend

    fill(folder, 30)
    mocker.patch("tracked.journal.ids.MANY", 10)
    mocker.patch("tracked.journal.ids._LONG", 100)
    Shipper(folder, MemoryBackend).serve(0)
    assert 10 == len(ids.read(folder))
