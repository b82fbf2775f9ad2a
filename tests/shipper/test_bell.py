from __future__ import annotations

import os
import threading
import time

import pytest

from tests.journals import RUN, by_local_id, journal, opened, points
from tracked.process import this_process
from tracked.shipper.bell import bell_of, ring
from tracked.shipper.loop import Shipper


@pytest.fixture
def stop():
    return threading.Event()


def seconds(call):
    """How long it takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began


def later(call):
    """Do it in a moment, in a thread."""
    timer = threading.Timer(0.1, call)
    timer.start()
    return timer


def test_who_rings_wakes_the_shipper(folder, stop):
    """A wait begins with the shipper awake, however long it meant to sleep; once, and not for ever."""
    with bell_of(folder, stop) as bell:
        later(lambda: ring(folder))
        assert 0.05 < seconds(lambda: bell.wait(20)) < 5
        assert 0.1 <= seconds(lambda: bell.wait(0.1)) < 5


def test_a_ring_while_nobody_sleeps_is_not_lost(folder, stop):
    """Whoever rings in the middle of a round is heard at its end."""
    with bell_of(folder, stop) as bell:
        for _ in range(100_000):
            ring(folder)
        assert seconds(lambda: bell.wait(20)) < 5


def test_the_end_is_noticed_without_a_ring(folder, stop):
    """A shipper that is told to stop does not sleep on."""
    with bell_of(folder, stop) as bell:
        later(stop.set)
        assert seconds(lambda: bell.wait(20)) < 5
        assert bell.wait(0)


def test_where_nobody_sleeps_ringing_does_nothing(folder, stop):
    """Ringing never fails and never waits: not before, not after, not at the pipe of a shipper that was killed."""
    ring(folder)
    with bell_of(folder, stop):
        assert folder.bell.exists()
    assert not folder.bell.exists()
    ring(folder)
    os.mkfifo(folder.bell)
    assert seconds(lambda: ring(folder)) < 1


def test_without_pipes_it_is_a_pause(folder, stop, mocker):
    """On a file system that has none, the shipper sleeps its time and stops when told."""
    mocker.patch("os.mkfifo", side_effect=OSError("no pipes here"))
    with bell_of(folder, stop) as bell:
        ring(folder)
        assert 0.1 <= seconds(lambda: bell.wait(0.1)) < 5
        later(stop.set)
        assert seconds(lambda: bell.wait(20)) < 5


def test_what_is_waited_for_is_delivered_at_once(folder, backend, mocker):
    """A record that somebody waits for does not lie until the pace has passed."""
    mocker.patch("tracked.shipper.loop.PACE", 30.0)
    path = journal(folder, [opened()], this_process())
    stop = threading.Event()
    thread = threading.Thread(
        target=Shipper(folder, lambda: backend, stop=stop).serve, args=(0.0,), daemon=True
    )
    thread.start()
    until = time.monotonic() + 10
    while not backend.runs and time.monotonic() < until:
        time.sleep(0.01)
    journal(folder, [opened(), *points()], this_process(), name=path.stem)
    while time.monotonic() < until and not by_local_id(backend)[RUN].points:
        ring(folder)
        time.sleep(0.01)
    assert 5 == len(by_local_id(backend)[RUN].points)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
