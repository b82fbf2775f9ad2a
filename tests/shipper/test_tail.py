from __future__ import annotations

import os

import pytest

from tests.journals import (
    DEAD,
    ELSEWHERE,
    NOW,
    OTHER,
    RUN,
    aside,
    by_local_id,
    deliver,
    expected_points,
    journal,
    opened,
    points,
    whole_run,
)
from tracked import tags as t
from tracked.errors import BackendUnavailable
from tracked.journal import lines
from tracked.journal.acks import read_ack
from tracked.journal.writer import JournalFile
from tracked.ports import Point
from tracked.process import this_process
from tracked.records import Closed, Metrics, Tags, to_json
from tracked.shipper.delivery import Delivery
from tracked.shipper.loop import Shipper
from tracked.shipper.tail import Tail
from tracked.testing import MemoryBackend

RECORDS = [*whole_run(), opened(OTHER, parent=RUN), *points(OTHER, 3)]


def test_a_journal_cut_at_every_byte_gives_all_before_the_cut(folder):
    """Wherever a crash ends the file: every whole record is delivered, the run is closed, the journal goes."""
    path = journal(folder, RECORDS)
    content = path.read_bytes()
    ends = [len(lines.encode(["writer", DEAD]))]
    for record in RECORDS:
        ends.append(ends[-1] + len(lines.encode(to_json(record))))
    for cut in range(len(content)):
        for old in (folder.ids, folder.aside):
            old.unlink(missing_ok=True)
        path.write_bytes(content[:cut])
        runs = by_local_id(deliver(folder))
        count = sum(end - 1 <= cut for end in ends[1:])
        wanted = by_local_id(delivered(RECORDS[:count]))
        assert {run: contents(runs[run]) for run in runs} == {run: contents(wanted[run]) for run in wanted}
        assert [] == folder.journals()
        assert len(aside(folder)) <= 1


def delivered(records, backend=None):
    """What a store has to hold after these records, done by hand."""
    backend = backend or MemoryBackend()
    ids = {}
    for record in records:
        if hasattr(record, "experiment"):
            ids[record.run] = backend.create(record, ids.get(record.parent)).run_id
        elif isinstance(record, Metrics):
            backend.log(
                ids[record.run],
                [Point(k, v, record.time, record.steps) for k, v in record.values.items()],
                {},
                {},
            )
        elif isinstance(record, Closed):
            backend.close(ids[record.run], record.status, record.time)
        elif isinstance(record, Tags):
            backend.log(ids[record.run], [], {}, record.values)
        else:
            backend.log(ids[record.run], [], record.values, {})
    for run in backend.runs.values():
        run.status = "KILLED" if run.status == "RUNNING" else run.status
    return backend


def contents(run):
    """A run without what differs from one delivery to the next."""
    tags = {k: v for k, v in run.tags.items() if k not in (t.MLFLOW_PARENT, t.END_REASON, t.HEARTBEAT)}
    return run.name, run.status, run.params, tags, list(map(tuple, run.points)), t.MLFLOW_PARENT in run.tags


@pytest.mark.parametrize("becomes", [0x0A, 0x00, None])
def test_a_damaged_byte_anywhere_costs_one_record(folder, becomes):
    """Whatever happens to one byte, all other records of the run arrive, and the damage is told with its place."""
    records = [*points(count=6), Closed(RUN, NOW, "FINISHED")]
    path = journal(folder, [opened(), *records])
    content = path.read_bytes()
    # Of the run itself the beginning must be left: the data of an unknown run are put aside.
    starts = [len(lines.encode(["writer", DEAD])) + len(lines.encode(to_json(opened())))]
    for record in records:
        starts.append(starts[-1] + len(lines.encode(to_json(record))))
    for at in range(starts[0], len(content)):
        for old in (folder.ids, folder.aside):
            old.unlink(missing_ok=True)
        damaged = bytearray(content)
        damaged[at] = damaged[at] ^ 0x41 if becomes is None else becomes
        path.write_bytes(damaged)
        run = by_local_id(deliver(folder))[RUN]
        touched = next(n for n, start in enumerate(starts[1:]) if at < start)
        found = {point.step for point in run.points}
        assert {*range(6)} - {touched} <= found
        assert found <= {*range(6)}
        assert touched == 6 or run.status == (
            "FINISHED" if "FINISHED" in damaged.decode("latin-1") else "KILLED"
        )
        assert bool(aside(folder)) is (len(found) < 6 or run.status == "KILLED")


def test_a_torn_end_of_a_living_writer_is_read_later(folder, backend):
    """Half a record is waited for, without being told as bad, and delivered once it is whole."""
    path = journal(folder, [opened(), *points()], this_process())
    line = lines.encode(to_json(Tags(RUN, {"late": "yes"})))
    shipper = Shipper(folder, lambda: backend)
    with path.open("ab") as file:
        for cut in (line[:20], line[20:]):
            file.write(cut)
            file.flush()
            shipper.drain()
    assert "yes" == by_local_id(backend)[RUN].tags["late"]
    assert [] == aside(folder)
    assert path.stat().st_size == read_ack(path).at


def test_a_living_writer_keeps_its_journal_and_its_runs(folder, backend):
    """While the process lives nothing of it is ended or removed, however much is delivered."""
    writer = JournalFile(folder)
    for record in (opened(), *points()):
        writer.write(record)
    deliver(folder, backend)
    assert ("RUNNING", expected_points()) == (
        by_local_id(backend)[RUN].status,
        list(by_local_id(backend)[RUN].points),
    )
    writer.write(Closed(RUN, NOW, "FINISHED"))
    deliver(folder, backend)
    assert "FINISHED" == by_local_id(backend)[RUN].status
    assert [writer.path] == folder.journals()


def test_a_writer_of_another_host_is_left_alone(folder, backend):
    """A process that cannot be seen from here is not taken for dead."""
    path = journal(folder, [opened(), *points()], ELSEWHERE)
    deliver(folder, backend)
    assert "RUNNING" == by_local_id(backend)[RUN].status
    assert path.exists()


def test_open_runs_of_a_dead_writer_are_killed(folder):
    """A run whose process died does not stay RUNNING: KILLED, with the reason, at the time of its last sign of life."""
    path = journal(folder, [*whole_run(), opened(OTHER), *points(OTHER)])
    os.utime(path, (NOW / 1000 + 50, NOW / 1000 + 50))
    runs = by_local_id(deliver(folder))
    assert ("KILLED", NOW + 50_000) == (runs[OTHER].status, runs[OTHER].end_time)
    assert "process ended" in runs[OTHER].tags[t.END_REASON]
    assert ("FINISHED", NOW + 99) == (runs[RUN].status, runs[RUN].end_time)
    assert t.END_REASON not in runs[RUN].tags
    assert [] == [path for path in folder.path.iterdir() if path.suffix in (".journal", ".ack")]


def test_runs_open_at_a_restart_are_remembered(folder, backend, mocker):
    """A run opened before the shipper died is closed truthfully by the next one, when its writer is gone."""
    journal(folder, [*whole_run(), opened(OTHER)], this_process())
    deliver(folder, backend)
    mocker.patch("tracked.shipper.tail.is_alive", return_value=False)
    deliver(folder, backend)
    assert {RUN: "FINISHED", OTHER: "KILLED"} == {k: run.status for k, run in by_local_id(backend).items()}


def test_a_run_of_another_journal_is_waited_for(folder, backend):
    """A child process's points, found before its parent's record of the run, wait for it and are not lost."""
    child = journal(folder, points(), this_process(), name="1-1-child")
    shipper = Shipper(folder, lambda: backend)
    assert [True, False, False] == [shipper.round() for _ in range(3)]
    assert {} == backend.runs
    journal(folder, [opened()], this_process(), name="2-2-parent")
    shipper.drain()
    assert expected_points() == list(by_local_id(backend)[RUN].points)
    assert [] == aside(folder)
    assert child.stat().st_size == read_ack(child).at


def test_what_comes_before_the_missing_run_is_delivered(folder, backend):
    """Waiting for one run does not hold up the records in front of it."""
    journal(folder, [opened(OTHER), *points(OTHER), opened("c" * 32, parent=RUN)], this_process())
    shipper = Shipper(folder, lambda: backend)
    assert shipper.round()
    assert not shipper.round()
    assert expected_points() == list(by_local_id(backend)[OTHER].points)
    assert ["c" * 32] != list(by_local_id(backend))


def test_an_unknown_run_is_put_aside_at_the_last_call(folder):
    """When no journal can bring the run any more, its data are kept aside; its neighbours are delivered."""
    journal(folder, [*points("f" * 32, 2), *whole_run(), Tags("f" * 32, {"a": "b"})])
    runs = by_local_id(deliver(folder))
    assert (["FINISHED"], expected_points()) == (
        [run.status for run in runs.values()],
        list(runs[RUN].points),
    )
    assert {"its run is unknown or was refused"} == {reason for reason, _ in aside(folder)}
    assert 3 == sum(
        len(points) + len(params) + len(tags) for _, (_, _, points, params, tags) in aside(folder)
    )


def test_a_child_of_a_lost_parent_is_made_without_one(folder):
    """A run is not given up because the record of the run above it is lost."""
    journal(folder, [opened(parent="f" * 32), *points()])
    run = by_local_id(deliver(folder))[RUN]
    assert expected_points() == list(run.points)
    assert t.MLFLOW_PARENT not in run.tags


def test_a_journal_without_a_writer_is_delivered_and_removed(folder):
    """A file whose first line is lost is one of a dead process."""
    path = journal(folder, whole_run())
    path.write_bytes(b"garbage" + path.read_bytes()[20:])
    assert "FINISHED" == by_local_id(deliver(folder))[RUN].status
    assert not path.exists()


def test_nothing_counts_as_delivered_before_the_store_has_it(folder, backend, mocker):
    """A stretch that fails in the middle is acknowledged in no part."""
    path = journal(folder, whole_run())
    mocker.patch.object(backend, "close", side_effect=BackendUnavailable("down"))
    tail = Tail(path, Delivery(folder, backend))
    with pytest.raises(BackendUnavailable):
        tail.ship()
    assert (0, 0) == (tail.at, read_ack(path).at)
    mocker.stopall()
    assert tail.ship()
    assert path.stat().st_size == tail.at == read_ack(path).at


def test_what_was_written_is_synced_to_the_disk(folder, backend, mocker):
    """A power cut costs about a second: the shipper syncs what has been written since the last time."""
    path = journal(folder, whole_run())
    tail = Tail(path, Delivery(folder, backend))
    sync = mocker.patch("tracked.journal.disk.sync_to_disk")
    for count in (1, 1):
        tail.sync()
        assert count == sync.call_count
    path.write_bytes(path.read_bytes() + b"\n")
    tail.sync()
    assert 2 == sync.call_count


def test_a_journal_that_vanished_needs_nobody(folder, backend):
    """A folder that a person empties is no crash."""
    path = journal(folder, whole_run(), ELSEWHERE)
    tail = Tail(path, Delivery(folder, backend))
    assert tail.needs_us
    path.unlink()
    assert not tail.needs_us
