from __future__ import annotations

import itertools
import os
import threading
import time
from typing import NamedTuple

import pytest

from tests.journals import OTHER, RUN
from tracked.journal import ids, lines
from tracked.journal.acks import Ack, write_ack
from tracked.journal.folder import Folder
from tracked.ports import RemoteRun
from tracked.session import kept, waiting
from tracked.shipper import status
from tracked.shipper.bell import bell_of
from tracked.shipper.status import Teller

NEVER, ALWAYS = (lambda: False), (lambda: True)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


class Waited(NamedTuple):
    """What came of waiting."""

    done: bool
    seconds: float
    """By the clock: on a busy machine any time longer than it slept."""
    slept: float
    """Seconds for which it meant to sleep."""


@pytest.fixture
def waited(folder, mocker):
    """Wait until that is done or the time is over."""
    sleep = mocker.patch("tracked.session.waiting.time.sleep", side_effect=time.sleep)

    def wait(done, timeout):
        sleep.reset_mock()
        started = time.monotonic()
        done = waiting.wait(done, folder, timeout)
        return Waited(done, time.monotonic() - started, sum(call.args[0] for call in sleep.call_args_list))

    return wait


def test_what_is_done_is_not_waited_for(folder, waited):
    """The usual case costs nothing, also without any time."""
    seen = waited(ALWAYS, 0)
    assert seen.done
    assert seen.slept == 0


def test_waiting_is_bounded(folder, waited):
    """When the time is over, the answer is no."""
    Teller(folder.status).tell(status.SHIPPING)
    seen = waited(NEVER, 0.2)
    assert not seen.done
    assert 0.2 <= seen.seconds
    assert seen.slept < 1


def test_what_is_done_meanwhile_is_seen(folder, waited):
    """The wait ends soon after what it waits for has happened."""
    Teller(folder.status).tell(status.SHIPPING)
    ready = time.monotonic() + 0.1
    seen = waited(lambda: time.monotonic() > ready, 10)
    assert seen.done
    assert seen.slept < 0.5


@pytest.mark.parametrize("phase", [status.WAITING, status.REFUSED])
def test_a_store_that_is_known_to_be_down_is_not_waited_for(folder, waited, phase):
    """With a server down or a login refused the end of a script does not hang."""
    Teller(folder.status).tell(phase, "connection refused")
    seen = waited(NEVER, 10)
    assert not seen.done
    assert seen.slept < 0.5


def test_an_old_word_of_trouble_is_not_believed(folder, mocker):
    """What a shipper that is gone said last does not keep the next one from delivering."""
    mocker.patch("tracked.shipper.status.time.time", return_value=time.time() - 60)
    Teller(folder.status).tell(status.WAITING, "yesterday")
    mocker.stopall()
    ready = time.monotonic() + 0.1
    assert waiting.wait(lambda: time.monotonic() > ready, folder, 10)


@pytest.mark.parametrize("phase", [status.IDLE, status.SHIPPING])
def test_a_shipper_that_gives_no_sign_of_life_is_given_up(folder, waited, mocker, phase):
    """A shipper that died, was stopped, or hangs at a server that never answers is not waited for to the end."""
    mocker.patch("tracked.session.waiting.STALLED", 0.1)
    Teller(folder.status).tell(phase)
    seen = waited(NEVER, 10)
    assert not seen.done
    assert seen.slept < 1


def test_one_that_is_at_its_start_may_be_silent(folder, waited, mocker):
    """Loading MLflow takes longer than anything else: it has the whole time."""
    mocker.patch("tracked.session.waiting.STALLED", 0.1)
    Teller(folder.status).tell(status.STARTING)
    seen = waited(NEVER, 0.5)
    assert not seen.done
    assert seen.seconds >= 0.5


def test_a_sign_of_life_is_enough_to_be_waited_for(folder, waited, mocker):
    """While it moves it is waited for, however long it takes within the time."""
    mocker.patch("tracked.session.waiting.STALLED", 0.4)
    teller = Teller(folder.status)
    phases = itertools.cycle([status.SHIPPING, status.IDLE])
    seen = waited(lambda: teller.tell(next(phases)), 1.0)
    assert not seen.done
    assert seen.seconds >= 1.0


def test_a_clock_that_is_set_does_not_move_the_end_of_a_wait(folder, waited, mocker):
    """Neither forwards, which would give up at once, nor backwards, which would wait for ever."""
    Teller(folder.status).tell(status.SHIPPING)
    for hours in (1, -1):
        clock = mocker.patch(
            "tracked.session.waiting.time.time", side_effect=[time.time(), *[time.time() + 3600 * hours] * 99]
        )
        seen = waited(NEVER, 0.3)
        assert not seen.done
        assert clock.called
        assert 0.3 <= seen.seconds
        assert seen.slept < 2


def test_the_shipper_is_seen_to_and_woken(folder):
    """Who waits sees at once that somebody delivers, and wakes him."""
    seen = []
    with bell_of(folder, threading.Event()) as bell:
        waiting.wait(NEVER, folder, 0.05, lambda: seen.append(1))
        began = time.monotonic()
        bell.wait(10)
        assert time.monotonic() - began < 5
    assert [1] == seen


def test_what_keeps_a_shipper_is_told(folder, mocker):
    """The line about what is kept names the trouble: the store's own words, or a process that says nothing."""
    assert "" == waiting.why(folder)
    teller = Teller(folder.status)
    teller.tell(status.WAITING, "connection refused")
    assert "connection refused" == waiting.why(folder)
    teller.tell(status.SHIPPING)
    assert "" == waiting.why(folder)
    mocker.patch("tracked.session.waiting.time.time", return_value=time.time() + 100)
    assert (
        f"process {os.getpid()}, which delivers, is shipping and has given no sign of life for 100 s"
        == waiting.why(folder)
    )
    teller.tell(status.GONE)
    assert "" == waiting.why(folder)


def test_where_the_login_is_refused_nobody_goes_on_by_itself(folder):
    """The line about what is kept says what helps: a login, where the store lets nobody in, and otherwise nothing."""
    teller = Teller(folder.status)
    teller.tell(status.WAITING, "connection refused")
    assert "the shipper goes on with them" in kept.what_is_kept(folder, "", "the store")
    teller.tell(status.REFUSED, "401")
    told = kept.what_is_kept(folder, "", "the store")
    assert "(401); set a login that is let in" in told
    assert "goes on" not in told


def test_a_refused_run_is_known_to_be_one(folder):
    """Who waits for a run that the store will never make is told so, with the reason, and waits no longer."""
    found = waiting.Ids(folder)
    assert (False, "") == (found.is_settled(RUN), found.refusal(RUN))
    ids.add(folder, RUN, ids.Refusal("experiment is deleted"))
    assert (True, "experiment is deleted", None) == (
        found.is_settled(RUN),
        found.refusal(RUN),
        found.get(RUN),
    )
    ids.add(folder, OTHER, RemoteRun("id-b", "7"))
    assert (True, "", OTHER) == (found.is_settled(OTHER), found.refusal(OTHER), found.local("id-b"))


def test_the_acknowledged_bytes_are_the_shipper_s_last_word(folder):
    """Nothing is acknowledged before the shipper says so."""
    journal = folder.path / "1-1-x.journal"
    assert 0 == waiting.acknowledged(journal)
    for at in (10, 300):
        write_ack(journal, Ack(at, (RUN,)))
        assert at == waiting.acknowledged(journal)


def test_many_open_runs_do_not_hide_the_acknowledgement(folder):
    """However long a line of the file is, it is read whole."""
    journal = folder.path / "1-1-x.journal"
    for at in range(3):
        write_ack(journal, Ack(at, tuple(f"{n:032d}" for n in range(5000))))
    assert 2 == waiting.acknowledged(journal)


def test_ids_are_read_as_they_come(folder):
    """A run's place in the store is known as soon as the shipper wrote it, and never from half a line."""
    ids = waiting.Ids(folder)
    assert ids.get(RUN) is None
    one, two = (lines.encode([run, f"id-{run[0]}", "7", "s3://x", True]) for run in (RUN, OTHER))
    folder.ids.write_bytes(one + two[:30])
    assert [RemoteRun("id-a", "7", "s3://x"), None] == [ids.get(RUN), ids.get(OTHER)]
    folder.ids.write_bytes(one + two)
    assert RemoteRun("id-b", "7", "s3://x") == ids.get(OTHER)
    folder.ids.unlink()
    assert RemoteRun("id-a", "7", "s3://x") == ids.get(RUN)
