from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count

import pytest

from tests.journals import (
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
from tracked.errors import BackendUnavailable, LoginRefused
from tracked.journal import disk
from tracked.journal.acks import read_ack
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window
from tracked.journal.writer import JournalFile
from tracked.process import this_process
from tracked.records import Artifact, Closed, Params, Tags
from tracked.shipper import loop, status
from tracked.shipper.loop import Shipper
from tracked.testing import MemoryBackend

CALLS = ("create", "find", "log", "upload", "close")


class Faulty(MemoryBackend):
    """Fails at the calls of these numbers, before or after it did what it was asked."""

    def __init__(self, fails=(), error=None, *, applied=False):
        super().__init__()
        error = error or BackendUnavailable("no answer")
        self.fails, self.error, self.applied = set(fails), error, applied
        self.calls = 0

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        return self.watched(found) if name in CALLS else found

    def watched(self, method):
        """The method, failing when it is its turn."""

        def call(*arguments):
            self.calls += 1
            fails = self.calls in self.fails
            if fails and not self.applied:
                raise self.error
            answer = method(*arguments)
            if fails:
                raise self.error
            return answer

        return call


class Crash(BaseException):
    """The death of the shipper."""


def world(folder: Folder) -> Folder:
    """Three journals of dead processes: a finished tree with files, a child in a journal of its own, a killed run."""
    folder.made()
    stored, path = folder.new_snapshot("w.bin")
    path.write_bytes(b"content")
    sweep = [opened(), Tags(RUN, {"state": "old"}), Artifact(RUN, "w.bin", stored, 7), *points()]
    last = [Tags(RUN, {"state": "new", t.BEST_TRIAL_RUN_ID: OTHER}), Params(RUN, {"lr": "1"})]
    journal(folder, [*points(OTHER), Tags(OTHER, {"by": "child"})], name="1-1-child")
    journal(folder, [*sweep, opened(OTHER, parent=RUN), *last, Closed(OTHER, NOW, "FAILED")], name="2-2-a")
    journal(
        folder, [opened("c" * 32, parent=RUN), Params("c" * 32, {"x": "y"}), *points("c" * 32)], name="3-3-b"
    )
    for path in folder.journals():
        os.utime(path, (NOW / 1000, NOW / 1000))
    return folder


def told(backend: MemoryBackend):
    """All that the store holds, with the store's own ids replaced by ours."""
    ids = {run.run_id: local for local, run in by_local_id(backend).items()}
    return {
        local: (
            *(
                run.name,
                run.status,
                run.start_time,
                run.end_time,
                run.params,
                run.artifacts,
                list(run.points),
            ),
            {key: ids.get(value, value) for key, value in run.tags.items() if key != t.HEARTBEAT},
        )
        for local, run in by_local_id(backend).items()
    }


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    """What a delivery without any trouble gives, and how many calls of the store it takes."""
    backend = Faulty()
    deliver(world(Folder(tmp_path_factory.mktemp("calm"))), backend)
    return told(backend), backend.calls


def test_a_calm_delivery_is_the_one_promised(wanted):
    """What the tests of trouble compare with holds what was written."""
    runs, calls = wanted
    assert [RUN, OTHER, "c" * 32] == list(runs)
    assert ["KILLED", "FAILED", "KILLED"] == [run[1] for run in runs.values()]
    assert [expected_points()] * 3 == [run[6] for run in runs.values()]
    assert ({"w.bin": b"content"}, "new", OTHER) == (
        runs[RUN][5],
        runs[RUN][7]["state"],
        runs[RUN][7][t.BEST_TRIAL_RUN_ID],
    )
    assert [RUN, RUN] == [runs[run][7][t.MLFLOW_PARENT] for run in (OTHER, "c" * 32)]
    assert calls > 12


@pytest.mark.parametrize("restart", [False, True], ids=["same shipper", "new shipper"])
@pytest.mark.parametrize("applied", [False, True], ids=["not applied", "answer lost"])
@pytest.mark.parametrize(
    "error", [BackendUnavailable("down"), LoginRefused("who?"), RuntimeError("a fault of ours")]
)
def test_a_failure_at_any_call_loses_and_doubles_nothing(tmp_path, wanted, error, applied, restart):
    """Whichever call fails, and whether it had its effect or not: each run and each point is there once, in the end."""
    for number in range(1, wanted[1] + 1):
        folder = world(Folder(tmp_path / f"{number}"))
        backend = Faulty([number], error, applied=applied)
        shipper = Shipper(folder, lambda b=backend: b)
        # Where another journal moves meanwhile, the one that failed has its second turn at once.
        with suppress(type(error)):
            shipper.drain()
        assert backend.calls >= number
        (Shipper(folder, lambda b=backend: b) if restart else shipper).drain()
        assert told(backend) == wanted[0]
        assert [] == aside(folder)
        assert [] == folder.journals() + list(folder.files.iterdir())


def test_many_failures_in_a_row_lose_and_double_nothing(tmp_path, wanted):
    """A store that fails at every other call is served to the end."""
    folder = world(Folder(tmp_path / "journals"))
    backend = Faulty(range(1, 400, 2), applied=True)
    for _ in range(200):
        try:
            deliver(folder, backend)
            break
        except BackendUnavailable:
            backend.applied = not backend.applied
    assert told(backend) == wanted[0]


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_crash_at_any_write_of_the_shipper_loses_and_doubles_nothing(tmp_path, wanted, mocker, written):
    """Killed before or after it noted something, the shipper is followed by one that adds nothing to what it sent."""
    real = disk.append
    for number in count(1):
        folder = world(Folder(tmp_path / f"{number}"))
        backend = MemoryBackend()
        writes: Iterator[int] = count(1)

        def append(path, line, crash=number, writes=writes):
            if next(writes) != crash:
                return real(path, line)
            if written:
                real(path, line)
            raise Crash

        mocker.patch("tracked.journal.disk.append", append)
        try:
            deliver(folder, backend)
        except Crash:
            deliver(folder, backend)
            assert told(backend) == wanted[0]
            assert [] == aside(folder)
        else:
            break
    assert number > 5


def test_a_lost_acknowledgement_adds_nothing(folder, backend):
    """What is sent a second time because nobody noted the first is there once."""
    writer = JournalFile(folder)
    for record in whole_run():
        writer.write(record)
    deliver(folder, backend)
    before = told(backend)
    writer.path.with_suffix(".ack").unlink()
    folder.ids.unlink()
    deliver(folder, backend)
    assert told(backend) == before


def test_one_bad_journal_does_not_hold_up_the_others(folder, mocker):
    """A journal that fails, for whatever reason, keeps no other from being delivered in the same round."""
    bad = journal(folder, whole_run(OTHER), name="1-1-bad")
    journal(folder, whole_run(), name="2-2-good")
    backend = MemoryBackend()

    def broken(path, *arguments, **options):
        if path == bad:
            raise PermissionError("not yours")
        return read_window(path, *arguments, **options)

    mocker.patch("tracked.shipper.tail.read_window", broken)
    with pytest.raises(PermissionError):
        deliver(folder, backend)
    assert [RUN] == list(by_local_id(backend))
    mocker.stopall()
    deliver(folder, backend)
    assert {RUN, OTHER} == set(by_local_id(backend))


def test_a_dead_store_is_not_asked_by_every_journal(folder):
    """When two journals fail it is the store: the others do not each wait for its time-out."""
    for number in range(10):
        journal(folder, whole_run(), name=f"{number}-1-x")
    backend = Faulty(range(1000))
    Shipper(folder, lambda: backend).round()
    assert backend.calls == 2


def served(shipper, linger=0.0):
    """Serve to the end, or fail."""
    thread = threading.Thread(target=shipper.serve, args=(linger,), daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_an_outage_is_sat_out(folder, mocker):
    """While the store is down the shipper waits and says so; when it is back everything is delivered."""
    mocker.patch("tracked.shipper.loop.Shipper._pause", return_value=0.01)
    journal(folder, whole_run())
    backend = Faulty(range(1, 8), BackendUnavailable("connection refused"))
    tell = mocker.spy(status.Teller, "tell")
    served(Shipper(folder, lambda: backend))
    assert (expected_points(), "FINISHED") == (
        list(by_local_id(backend)[RUN].points),
        by_local_id(backend)[RUN].status,
    )
    said = [call.args[1:3] for call in tell.call_args_list]
    assert (status.WAITING, "connection refused") in said
    assert [] == folder.journals()
    assert status.GONE == status.read_status(folder.status).phase


def test_a_store_that_cannot_even_be_opened_is_sat_out(folder, backend, mocker):
    """Making the backend may fail as well: the records wait, and are delivered when it can be made."""
    mocker.patch("tracked.shipper.loop.Shipper._pause", return_value=0.01)
    journal(folder, whole_run())
    answers = iter([BackendUnavailable("starting"), RuntimeError("broken"), backend])

    def make():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    served(Shipper(folder, make))
    assert expected_points() == list(by_local_id(backend)[RUN].points)


def test_a_refused_login_stops_and_keeps_everything(folder):
    """Without a login nothing is tried again: the shipper ends, says so, and the records wait for the next start."""
    journal(folder, whole_run())
    backend = Faulty(range(1000), LoginRefused("token expired"))
    shipper = Shipper(folder, lambda: backend)
    served(shipper, linger=60)
    assert backend.calls == 1
    assert shipper.refused
    found = status.read_status(folder.status)
    assert (status.REFUSED, "token expired") == (found.phase, found.error)
    assert expected_points() == list(by_local_id(deliver(folder))[RUN].points)


def test_a_login_refused_beside_a_delivery_is_told(folder, mocker):
    """Also when another journal moved in the same round, the refusal is what the status says."""
    journal(folder, whole_run(OTHER), name="1-1-a")
    journal(folder, whole_run(), name="2-2-b")

    class Partial(MemoryBackend):
        def create(self, opened, parent_id):
            if opened.run == RUN:
                raise LoginRefused("not this one")
            return super().create(opened, parent_id)

    served(Shipper(folder, Partial), linger=60)
    assert status.REFUSED == status.read_status(folder.status).phase


def test_a_fault_of_ours_is_told_and_tried_again(folder, mocker):
    """An exception that nobody expected costs a retry and not the records."""
    mocker.patch("tracked.shipper.loop.Shipper._pause", return_value=0.01)
    logged = mocker.patch.object(loop.log, "exception")
    tell = mocker.spy(status.Teller, "tell")
    journal(folder, whole_run())
    backend = Faulty([1, 3], ZeroDivisionError("oops"))
    served(Shipper(folder, lambda: backend))
    assert expected_points() == list(by_local_id(backend)[RUN].points)
    assert logged.call_count == 2
    assert (status.WAITING, "ZeroDivisionError: oops") in [call.args[1:3] for call in tell.call_args_list]


def test_it_stays_while_a_writer_lives_and_goes_soon_after(folder, backend, mocker):
    """The shipper waits with a living process, and leaves when that is dead and all is delivered."""
    alive = mocker.patch("tracked.shipper.tail.is_alive", return_value=True)
    mocker.patch("tracked.shipper.loop.PACE", 0.01)
    path = journal(folder, [opened(), *points()], this_process())
    thread = threading.Thread(target=Shipper(folder, lambda: backend).serve, args=(0.05,), daemon=True)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    assert "RUNNING" == by_local_id(backend)[RUN].status
    alive.return_value = False
    thread.join(20)
    assert not thread.is_alive()
    assert "KILLED" == by_local_id(backend)[RUN].status
    assert not path.exists()


def serving(folder, backend):
    """A shipper at work in a thread, and what stops it."""
    stop = threading.Event()
    shipper = Shipper(folder, lambda: backend, stop=stop)
    thread = threading.Thread(target=shipper.serve, args=(0.0,), daemon=True)
    thread.start()
    return stop, thread


def test_it_stays_while_something_is_undelivered(folder, mocker):
    """No outage is longer than the shipper's patience."""
    mocker.patch("tracked.shipper.loop.Shipper._pause", return_value=0.01)
    journal(folder, whole_run())
    backend = Faulty(range(100_000))
    stop, thread = serving(folder, backend)
    thread.join(0.4)
    assert thread.is_alive()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_it_stays_until_the_last_run_is_ended(folder, backend, mocker):
    """A store that goes down before a dead run is closed does not leave it RUNNING."""
    mocker.patch("tracked.shipper.loop.Shipper._pause", return_value=0.01)
    path = journal(folder, [opened()])
    path.write_bytes(b"no writer known" + path.read_bytes()[20:])
    close = mocker.patch.object(backend, "close", side_effect=BackendUnavailable("down"))
    _, thread = serving(folder, backend)
    thread.join(0.4)
    assert thread.is_alive()
    mocker.stop(close)
    thread.join(20)
    assert not thread.is_alive()
    assert "KILLED" == by_local_id(backend)[RUN].status


def test_a_folder_that_is_removed_ends_it(folder, backend):
    """A shipper does not outlive its folder."""
    shipper = Shipper(folder, lambda: backend)
    folder.files.rmdir()
    folder.path.rmdir()
    served(shipper, linger=60)


def test_an_outage_is_no_reason_to_give_up_a_run(folder, backend, mocker):
    """However long the store is down, data that wait for another journal's run are not put aside."""
    mocker.patch("tracked.shipper.loop.Shipper._pause", return_value=0.01)
    mocker.patch("tracked.shipper.loop.PATIENCE", 0.1)
    journal(folder, points(), this_process(), name="1-1-child")
    journal(folder, [opened()], this_process(), name="2-2-parent")
    ends = time.monotonic() + 0.6
    create = backend.create

    def down(*arguments):
        if time.monotonic() < ends:
            raise BackendUnavailable("down")
        return create(*arguments)

    mocker.patch.object(backend, "create", down)
    stop, thread = serving(folder, backend)
    thread.join(1.2)
    stop.set()
    thread.join(20)
    assert expected_points() == list(by_local_id(backend)[RUN].points)
    assert [] == aside(folder)


def test_a_run_that_nobody_brings_is_given_up_in_the_end(folder, backend, mocker):
    """A living process whose run is lost does not keep its records waiting for ever."""
    mocker.patch("tracked.shipper.loop.PACE", 0.01)
    mocker.patch("tracked.shipper.loop.PATIENCE", 0.1)
    journal(folder, [*points("f" * 32), *whole_run()], this_process())
    stop, thread = serving(folder, backend)
    thread.join(1.0)
    stop.set()
    thread.join(20)
    assert "FINISHED" == by_local_id(backend)[RUN].status
    assert 1 == len(aside(folder))


def test_open_runs_have_a_heartbeat(folder, backend):
    """Each run that is served carries the time by which the next sign of life is due."""
    journal(folder, [opened(), opened(OTHER), Closed(OTHER, NOW, "FINISHED")], this_process())
    deliver(folder, backend)
    runs = by_local_id(backend)
    due = int(runs[RUN].tags[t.HEARTBEAT]) / 1000 - time.time()
    assert loop.HEARTBEAT < due <= 2 * loop.HEARTBEAT
    assert t.HEARTBEAT not in runs[OTHER].tags


def test_what_is_written_is_synced_also_while_the_store_is_down(folder, mocker):
    """A power cut in an outage costs no more than at other times."""
    journal(folder, whole_run(), this_process())
    sync = mocker.spy(loop.Tail, "sync")
    Shipper(folder, lambda: Faulty(range(1000))).round()
    assert 1 == sync.call_count


def test_a_full_disk_does_not_end_the_shipper(folder, backend, mocker):
    """While not even its status can be written, the shipper goes on; later all is delivered."""
    mocker.patch("tracked.shipper.loop.Shipper._pause", return_value=0.01)
    journal(folder, whole_run())
    full = OSError(28, "No space left on device")
    mocker.patch("tracked.journal.disk._write", side_effect=full)
    shipper = Shipper(folder, lambda: backend)
    thread = threading.Thread(target=shipper.serve, args=(0.0,), daemon=True)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    mocker.stopall()
    shipper.stop.set()
    thread.join(20)
    mocker.patch("tracked.journal.disk.sync_to_disk")
    deliver(folder, backend)
    assert ("FINISHED", expected_points()) == (
        by_local_id(backend)[RUN].status,
        list(by_local_id(backend)[RUN].points),
    )


def test_pauses_grow_up_to_a_limit_and_differ(folder, backend):
    """A store that is down is asked less and less often, and not by all at the same moment."""
    shipper = Shipper(folder, lambda: backend)
    assert loop.PACE == shipper._pause()
    means = []
    for failures in range(1, 20):
        shipper._failures = failures
        pauses = [shipper._pause() for _ in range(50)]
        assert len(set(pauses)) > 10
        assert max(pauses) <= loop.LONGEST_WAIT
        means.append(max(pauses))
    assert means[0] <= 1.0
    assert means[-1] > loop.LONGEST_WAIT / 2


def test_an_outage_does_not_change_what_a_seed_gives(folder, backend):
    """In a thread of the user's process the random numbers are the user's."""
    before = random.getstate()
    shipper = Shipper(folder, lambda: backend)
    shipper._failures = 3
    shipper._pause()
    assert before == random.getstate()


def test_nothing_to_do_needs_no_store(folder, mocker):
    """Looking at an empty folder opens no store, which would cost seconds."""
    make = mocker.Mock()
    shipper = Shipper(folder, make)
    shipper.drain()
    assert not shipper.is_needed()
    assert 0 == make.call_count


def test_a_new_journal_is_seen_before_it_is_read(folder, backend):
    """A writer that comes at the last moment finds that the shipper stays."""
    shipper = Shipper(folder, lambda: backend)
    shipper.drain()
    journal(folder, whole_run())
    assert shipper.is_needed()
    shipper.drain()
    assert not shipper.is_needed()


@pytest.fixture
def asked(folder, backend, mocker):
    """How often a store that takes so long to answer is asked while a writer goes on, and in how many seconds."""

    def count_for(answer, records, pause, rest=0.0):
        writer = JournalFile(folder)
        writer.write(opened())
        store = backend.log
        log = mocker.patch.object(
            backend, "log", side_effect=lambda *given: (time.sleep(answer), store(*given))
        )
        started = time.monotonic()
        stop, thread = serving(folder, backend)
        for record in points(count=records):
            writer.write(record)
            time.sleep(pause)
        time.sleep(rest)
        stop.set()
        thread.join(20)
        return log.call_count, time.monotonic() - started

    return count_for


def test_a_steady_writer_does_not_cost_a_request_a_record(asked, backend, mocker):
    """While little is written, requests come at a pace, and not as fast as the store can answer."""
    mocker.patch("tracked.shipper.loop.PACE", 0.1)
    # While a request is under way, something new is always written.
    times, seconds = asked(answer=0.02, records=100, pause=0.005, rest=0.5)
    assert 100 == len(by_local_id(backend)[RUN].points)
    assert times <= seconds / 0.1 + 2


def test_a_long_backlog_is_delivered_without_pauses(folder, backend, mocker):
    """Where much is left, nobody waits for the pace."""
    mocker.patch("tracked.shipper.loop.PACE", 100.0)
    mocker.patch("tracked.shipper.tail.read_window", partial(read_window, size=1 << 16))
    path = journal(folder, [opened(), *points(count=5000)], this_process())
    stop = threading.Event()
    thread = threading.Thread(
        target=Shipper(folder, lambda: backend, stop=stop).serve, args=(0.0,), daemon=True
    )
    thread.start()
    until = time.monotonic() + 20
    while read_ack(path).at < path.stat().st_size - loop.MUCH and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    thread.join(20)
    assert 4000 < len(by_local_id(backend)[RUN].points)


@pytest.mark.parametrize("moved", [False, True], ids=["alone", "while another journal moves"])
def test_a_store_that_asks_for_time_gets_it(folder, backend, moved):
    """The pause is as long as was asked for, within a quarter of an hour, whatever the back-off says."""
    shipper = Shipper(folder, lambda: backend)
    shipper._failures = 0 if moved else 1
    for asked, pause in ((7.0, 7.0), (1e9, loop.LONGEST_ASKED)):
        error = BackendUnavailable("slow down")
        error.after = asked
        shipper._problems = [error]
        assert pause == shipper._pause()


def test_it_makes_room_for_a_newer_one(folder, backend, mocker):
    """Asked by a newer version it ends at once, though a writer lives; a request from before it came is not for it."""
    mocker.patch("tracked.shipper.loop.PACE", 0.01)
    journal(folder, [opened(), *points()], this_process())
    folder.handover.touch()
    shipper = Shipper(folder, lambda: backend)
    thread = threading.Thread(target=shipper.serve, args=(60.0,), daemon=True)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    assert expected_points() == list(by_local_id(backend)[RUN].points)
    folder.handover.touch()
    thread.join(20)
    assert not thread.is_alive()
    assert shipper.is_relieved
    assert status.GONE == status.read_status(folder.status).phase


def test_opening_the_store_is_told_before_it_is_done(folder, backend, mocker):
    """Loading MLflow takes its time: nobody takes that for a shipper that hangs."""
    seen = []

    def make():
        seen.append(status.read_status(folder.status).phase)
        return backend

    shipper = Shipper(folder, make)
    shipper._tell(status.IDLE)
    journal(folder, whole_run())
    shipper.round()
    assert [status.STARTING] == seen


def test_each_answer_of_the_store_is_a_sign_of_life(folder, backend, mocker):
    """A long stretch is no silence."""
    tell = mocker.spy(status.Teller, "tell")
    journal(folder, [opened(), *points(count=5000)])
    Shipper(folder, lambda: backend).round()
    assert [status.STARTING, *[status.SHIPPING] * 6] == [call.args[1] for call in tell.call_args_list]


def test_a_slow_store_is_asked_less_often(asked, mocker):
    """It is left alone for twice as long as its answers took, so that ten thousand shippers can share one."""
    mocker.patch("tracked.shipper.loop.PACE", 0.02)
    times, seconds = asked(answer=0.2, records=200, pause=0.01)
    assert 2 <= times <= seconds / 0.6 + 2
