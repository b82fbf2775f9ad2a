from __future__ import annotations

import os
import threading
import time

import pytest

from tests.journals import DEAD, ELSEWHERE, NOW, OTHER, RUN, by_local_id, journal, opened, points
from tracked import tags as t
from tracked.journal import lines
from tracked.journal.acks import read_ack
from tracked.journal.folder import sign_of
from tracked.process import this_process
from tracked.records import Closed, to_json
from tracked.shipper.leases import Lease, vouch
from tracked.shipper.loop import Shipper

LEASE = 0.3


@pytest.fixture(autouse=True)
def short(mocker):
    """A lease that a test can wait for."""
    for module in ("leases", "tail"):
        mocker.patch(f"tracked.shipper.{module}.LEASE", LEASE)


def rounds(shipper, seconds=3 * LEASE, between=lambda: None):
    """The shipper at work for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        shipper.round()
        between()
        time.sleep(0.02)


def test_those_who_live_here_are_vouched_for(folder):
    """A sign stands beside the journal of each writer that is seen to live, and of no other."""
    here = journal(folder, [opened()], this_process(), name="1-1-here")
    dead = journal(folder, [opened()], DEAD, name="2-2-dead")
    there = journal(folder, [opened()], ELSEWHERE, name="3-3-there")
    assert vouch(folder)
    assert [True, False, False] == [sign_of(path).exists() for path in (here, dead, there)]
    here.unlink()
    assert not vouch(folder)


def test_a_writer_that_nobody_vouched_for_is_never_taken_for_dead(folder, backend):
    """Without any sign from its own host a silent process may live."""
    path = journal(folder, [opened(), *points()], ELSEWHERE)
    rounds(Shipper(folder, lambda: backend))
    assert "RUNNING" == by_local_id(backend)[RUN].status
    assert path.exists()


def test_a_lease_that_is_renewed_holds(folder, backend):
    """While its own host gives signs, or it writes itself, a writer lives, whatever the clocks say."""
    path = journal(folder, [opened()], ELSEWHERE)
    ticks = iter(range(10**6))

    def renew():
        sign_of(path).touch()
        os.utime(sign_of(path), (0, next(ticks)))  # a clock of long ago

    renew()
    rounds(Shipper(folder, lambda: backend), between=renew)
    assert "RUNNING" == by_local_id(backend)[RUN].status


def test_a_lease_that_runs_out_ends_the_runs(folder, backend):
    """Five intervals without a sign from its host: KILLED, at the time when the last sign was seen; data are kept."""
    path = journal(folder, [opened(), *points(), opened(OTHER), Closed(OTHER, NOW, "FINISHED")], ELSEWHERE)
    sign_of(path).touch()
    began = time.time()
    shipper = Shipper(folder, lambda: backend)
    assert shipper.is_needed()
    shipper.round()
    shipper.round()
    assert shipper.is_needed(), "somebody has to watch"
    rounds(shipper)
    runs = by_local_id(backend)
    assert {RUN: "KILLED", OTHER: "FINISHED"} == {run: stored.status for run, stored in runs.items()}
    assert "no sign of life from not-" in runs[RUN].tags[t.END_REASON]
    assert began - 0.1 <= runs[RUN].end_time / 1000 <= began + LEASE
    assert path.exists()
    assert ((), False) == (read_ack(path).open, shipper.is_needed())


def test_one_that_was_taken_for_dead_and_lives_ends_as_it_ends(folder, backend):
    """A wrong guess costs nothing: what the writer writes later is delivered, its true end too."""
    path = journal(folder, [opened()], ELSEWHERE)
    sign_of(path).touch()
    shipper = Shipper(folder, lambda: backend)
    rounds(shipper)
    assert "KILLED" == by_local_id(backend)[RUN].status
    with path.open("ab") as file:
        for record in (*points(), Closed(RUN, NOW + 9, "FINISHED")):
            file.write(lines.encode(to_json(record)))
    rounds(shipper, LEASE)
    run = by_local_id(backend)[RUN]
    assert ("FINISHED", NOW + 9, 5) == (run.status, run.end_time, len(run.points))


def test_whoever_has_somebody_to_take_over_need_not_stay(folder, backend):
    """A shipper without writers of its own leaves the others to the process that stands by for them."""
    path = journal(folder, [opened()], ELSEWHERE)
    sign_of(path).touch()
    shipper = Shipper(folder, lambda: backend)
    for _ in range(2):
        shipper.round()
    assert shipper.is_needed()
    sign_of(path).touch()
    shipper.round()
    assert not shipper.is_needed()


def test_an_old_sign_does_not_speak_for_a_writer_that_is_seen(folder, backend):
    """Who delivers for its own host leaves no sign behind that would run out when another host takes over."""
    path = journal(folder, [opened()], this_process())
    sign_of(path).touch()
    Shipper(folder, lambda: backend).round()
    assert not sign_of(path).exists()
    assert Lease(path).end() is None


def test_while_a_store_is_down_the_dead_are_seen_to_die(folder, backend, mocker):
    """A long pause between two tries does not move the end of a run whose process dies meanwhile."""
    alive = mocker.patch("tracked.shipper.tail.is_alive", return_value=True)
    path = journal(folder, [opened()], this_process())
    os.utime(path, (NOW / 1000, NOW / 1000))
    shipper = Shipper(folder, lambda: backend)
    shipper.round()
    resting = threading.Thread(target=shipper._rest, args=(2.5, shipper.stop.wait))
    shipper._failures = 5
    resting.start()
    time.sleep(1.5)
    died = time.time()
    alive.return_value = False
    resting.join()
    shipper.round()
    shipper.round()
    run = by_local_id(backend)[RUN]
    assert "KILLED" == run.status
    assert died - 1.3 <= run.end_time / 1000 <= died + 0.2
