from __future__ import annotations

import os
import threading
import time

import pytest

from tests.journals import RUN, by_local_id, expected_points, journal, opened, points
from tests.scripts import Store
from tracked.journal.folder import Folder
from tracked.process import this_process
from tracked.session import process
from tracked.session.backends import IN_MEMORY
from tracked.session.crew import Crew

URI = "memory:crew"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


@pytest.fixture
def crew(folder, home):
    crew = Crew(folder, URI, home, in_process=True)
    yield crew
    crew.dismiss()
    IN_MEMORY.pop(URI, None)


@pytest.fixture
def start(mocker):
    return mocker.patch("tracked.session.process.start")


def outside(folder, home):
    return Crew(folder, "records:///nowhere", home, in_process=False)


@pytest.fixture
def serving():
    """Threads that deliver and were not there before; one of an earlier test may still wait for its store."""
    before = set(threading.enumerate())
    return lambda: [
        thread
        for thread in threading.enumerate()
        if thread.name == "tracked-shipper" and thread not in before
    ]


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_thread_delivers(folder, crew):
    """Where a store lives in this process only, a thread of ours does the same as the shipper's process."""
    journal(folder, [opened(), *points()], this_process())
    crew.ensure()
    wait_for(lambda: URI in IN_MEMORY and IN_MEMORY[URI].runs)
    wait_for(lambda: expected_points() == list(by_local_id(IN_MEMORY[URI])[RUN].points))


def test_there_is_one_thread(crew, serving):
    """However often and from wherever it is asked for, one thread serves."""
    asking = [threading.Thread(target=crew.ensure) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert 1 == len(serving())


def test_a_dismissed_thread_is_gone_and_can_come_again(folder, crew, serving):
    """After the end nothing of ours runs; a later run has a thread again."""
    crew.ensure()
    wait_for(lambda: process.is_served(folder))
    crew.dismiss()
    assert not process.is_served(folder)
    assert [] == serving()
    crew.ensure()
    wait_for(lambda: process.is_served(folder))


def test_a_process_is_started_once(folder, home, start):
    """A shipper that was just started is given time to take its lock."""
    crew = outside(folder, home)
    for _ in range(5):
        crew.ensure()
    start.assert_called_once_with(folder, "records:///nowhere", home)


def test_a_served_folder_needs_no_second_shipper(folder, home, start):
    """Where another process serves already, none is started."""
    with process.lock_of(folder):
        outside(folder, home).ensure()
    assert 0 == start.call_count


def test_a_shipper_that_was_seen_is_not_looked_at_again_at_once(folder, home, start, mocker):
    """Each run asks twice, and a look costs more than the rest of a call; it is not trusted for long."""
    crew = outside(folder, home)
    with process.lock_of(folder):
        crew.ensure()
    crew.ensure()
    assert 0 == start.call_count
    mocker.patch("tracked.session.crew._TRUSTED", 0.0)
    crew.ensure()
    assert 1 == start.call_count


def test_a_shipper_that_is_gone_is_replaced(folder, home, start, mocker):
    """Some time after the start, a folder that nobody serves gets a new shipper."""
    crew = outside(folder, home)
    crew.ensure()
    mocker.patch("tracked.session.crew._STARTING", 0.0)
    crew.ensure()
    assert 2 == start.call_count


def test_where_no_process_can_be_started_a_thread_delivers(folder, home, start, capsys):
    """The reason is said once, and nothing is lost."""
    start.side_effect = OSError("no more processes")
    crew = Crew(folder, URI, home, in_process=False)
    journal(folder, [opened(), *points()], this_process())
    for _ in range(2):
        crew.ensure()
    wait_for(lambda: URI in IN_MEMORY and IN_MEMORY[URI].runs)
    crew.dismiss()
    IN_MEMORY.pop(URI)
    assert 1 == capsys.readouterr().err.count("no more processes")
    assert 1 == start.call_count


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_knows_that_the_thread_is_not_its_own(crew):
    """A child has the object, but not the thread: it starts one of its own."""
    crew.ensure()
    thread = crew._thread
    assert thread.is_ours()
    child = os.fork()
    if child == 0:
        os._exit(int(thread.is_ours()))
    assert (child, 0) == os.waitpid(child, 0)


def test_a_fork_that_python_was_not_told_of_is_noticed(crew, mocker):
    """A fork in C leaves Python believing in the thread: the process id tells the truth."""
    crew.ensure()
    thread = crew._thread
    mocker.patch("os.getpid", return_value=thread.pid + 1)
    assert not thread.is_ours()
    mocker.stopall()
    assert thread.is_ours()


LOADING = """
import sys
from tracked import track

with track.run("first"):
    backend = sys.modules.get("tracked.mlflow.backend")
    print(backend is not None and not backend.__spec__._initializing)
"""


def test_the_thread_imports_nothing_large(tmp_path):
    """MLflow is there before the thread begins: whoever imports meanwhile must not meet modules that are half there."""
    environ = {"TRACKED_SHIPPER": "thread", "TRACKED_TRACKING_URI": f"sqlite:///{tmp_path}/a.db"}
    assert "True\n" == Store(tmp_path).python(LOADING, **environ).stdout
