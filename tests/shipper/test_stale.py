"""Stale runs in a real store."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.journals import DEAD, ELSEWHERE, NOW, deliver, journal, points
from tests.stores import read_run
from tracked import tags as t
from tracked.journal.folder import Folder
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.process import as_text, this_process
from tracked.records import Closed, Opened
from tracked.shipper import stale

NUMBERS = count()


@pytest.fixture(scope="module")
def database(tmp_path_factory, templates) -> MlflowBackend:
    """One for all tests: each has an experiment of its own."""
    return MlflowBackend(f"sqlite:///{tmp_path_factory.mktemp('stale')}/mlflow.db", templates)


@pytest.fixture
def store(database) -> MlflowBackend:
    """What a shipper begins with."""
    return MlflowBackend(database.uri)


@pytest.fixture
def client(database) -> MlflowClient:
    return client_for(database.uri)


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "stores" / "this").made()


@pytest.fixture
def experiment(client) -> str:
    """Its id."""
    return str(client.create_experiment(f"experiment {next(NUMBERS)}"))


def opened(experiment: str, **changes: Any) -> Opened:
    """The first record of a new run."""
    return Opened(f"{next(NUMBERS):032x}", NOW, "train", f"id:{experiment}", **changes)


def left(store, experiment, process, due: float | None = None) -> Opened:
    """A run of this process, as it was when it ran: its next heartbeat due in so many seconds."""
    record = opened(experiment, tags=whose(process, due))
    store.create(record, None)
    return record


def whose(process, due: float | None) -> dict[str, str]:
    """The tags that tell of a process."""
    beat = {} if due is None else {t.HEARTBEAT: str(int((time.time() + due) * 1000))}
    return {t.HOST: process["host"], t.PROCESS: as_text(process), **beat}


def stored(client, experiment, record):
    """The run of this record in the store."""
    (run,) = client.search_runs([experiment], f"tags.`{t.LOCAL_ID}` = '{record.run}'")
    return read_run(client, run.info.run_id)


def set_up(folder, store, experiment) -> None:
    """Another script begins in the same experiment."""
    new = opened(experiment)
    journal(folder, [new, *points(new.run)], this_process(), name=f"9-9-{new.run}")
    deliver(folder, store)


LATE = -stale.LEASE - 5
DEAD_ONES = {
    "dead": (DEAD, 60),
    "dead, no heartbeat": (DEAD, None),
    "dead before a reboot": ({**this_process(), "boot": "another"}, 60),
    "another host, past its lease": (ELSEWHERE, LATE),
    "another container, past its lease": ({**this_process(), "pids": "1"}, LATE),
    "untold, past its lease": ({**DEAD, "host": "", "pid": "x"}, LATE),
}
LIVING_ONES = {
    "alive": (this_process(), LATE),
    "another host, within its lease": (ELSEWHERE, LATE + 120),
    "another host, no heartbeat": (ELSEWHERE, None),
    "another container, within its lease": ({**DEAD, "pids": "1"}, 60),
    "another machine of the same name": ({**DEAD, "boot": "another", "machine": "another"}, 60),
}


@pytest.mark.parametrize(("process", "due"), DEAD_ONES.values(), ids=DEAD_ONES)
def test_a_run_left_behind_is_ended_by_the_next_set_up(folder, store, client, experiment, process, due):
    """What is provably dead becomes KILLED with a reason, at its last sign of life, when another script begins."""
    record = left(store, experiment, process, due)
    set_up(folder, store, experiment)
    run = stored(client, experiment, record)
    last = max(NOW, int(run.tags.get(t.HEARTBEAT, 0)) - 2 * int(stale.HEARTBEAT * 1000))
    assert ("KILLED", last) == (run.status, run.end_time)
    assert "is gone" in run.tags[t.END_REASON] or "taken for dead" in run.tags[t.END_REASON]


@pytest.mark.parametrize(("process", "due"), LIVING_ONES.values(), ids=LIVING_ONES)
def test_a_run_that_may_live_is_left_alone(folder, store, client, experiment, process, due):
    """Nothing that lives, or may live, is ended, whatever its heartbeat says."""
    record = left(store, experiment, process, due)
    set_up(folder, store, experiment)
    run = stored(client, experiment, record)
    assert ("RUNNING", None) == (run.status, run.tags.get(t.END_REASON))


def test_a_run_of_somebody_else_is_left_alone(folder, store, client, experiment):
    """A run without our id is not ours, whatever else it is called."""
    foreign = client.create_run(experiment, 1, whose(DEAD, LATE)).info.run_id
    ours = left(store, experiment, DEAD)
    set_up(folder, store, experiment)
    assert "RUNNING" == client.get_run(foreign).info.status
    assert "KILLED" == stored(client, experiment, ours).status


def test_a_run_that_was_only_joined_does_not_become_ours(folder, store, client, experiment):
    """Whoever joins a run of somebody else, and dies, writes neither its end nor a reason for one."""
    foreign = client.create_run(experiment).info.run_id
    joins = opened(experiment, attach=foreign)
    journal(folder, [joins, *points(joins.run)])
    deliver(folder, store)
    run = read_run(client, foreign)
    assert ("RUNNING", 5) == (run.status, len(run.points))
    assert not {t.END_REASON, t.HEARTBEAT, t.LOCAL_ID} & run.tags.keys()


@pytest.mark.parametrize("by", ["our id", "the store's"])
def test_a_run_that_a_journal_tells_of_is_left_to_that_journal(folder, store, client, experiment, by):
    """What is still undelivered here, for any store, may hold the true end."""
    record = left(store, experiment, DEAD)
    run_id = stored(client, experiment, record).run_id
    beside = Folder(folder.path.parent / "another")
    end = Closed(record.run, NOW + 9, "FINISHED")
    path = journal(beside, [end] if by == "our id" else [opened(experiment, attach=run_id)])
    set_up(folder, store, experiment)
    assert "RUNNING" == client.get_run(run_id).info.status
    path.unlink()
    assert [run_id] == [found.run_id for found in stale.find_stale(store, experiment, folder)]


def test_another_experiment_is_left_to_its_own_set_ups(folder, store, client, experiment):
    """A set-up asks about the experiment that it writes to; whoever asks for all finds the others too."""
    record = left(store, experiment, DEAD)
    set_up(folder, store, client.create_experiment(f"experiment {next(NUMBERS)}"))
    run = stored(client, experiment, record)
    assert "RUNNING" == run.status
    assert run.run_id in [found.run_id for found in stale.find_stale(store, None, folder)]


def test_one_set_up_asks_once(folder, store, experiment, mocker):
    """However many runs begin, the store is asked once in an interval."""
    asked = mocker.spy(store, "running")
    runs = [opened(experiment) for _ in range(20)]
    journal(folder, [*runs, *points(runs[0].run)], this_process())
    deliver(folder, store)
    assert 1 == asked.call_count


def test_a_run_that_somebody_ended_keeps_its_end(folder, store, client, experiment):
    """What a person, or another process, wrote as the end is not overwritten when the writer is found dead."""
    record = opened(experiment)
    journal(folder, [record, *points(record.run)], this_process())
    deliver(folder, store)
    client.set_terminated(stored(client, experiment, record).run_id, "FINISHED", NOW + 5)
    path = journal(folder, [record, *points(record.run)], DEAD)
    deliver(folder, store)
    run = stored(client, experiment, record)
    assert ("FINISHED", NOW + 5, None) == (run.status, run.end_time, run.tags.get(t.END_REASON))
    assert not path.exists()


def test_what_is_found_is_ended_once(store, client, experiment, folder):
    """Whoever ends what was found says of each run whether it was still to be ended."""
    record = left(store, experiment, DEAD)
    (found,) = stale.find_stale(store, experiment, folder)
    ends = [stale.end_dead(store, found.run_id, found.time, found.reason) for _ in range(2)]
    assert ([True, False], "KILLED", "train") == (
        ends,
        stored(client, experiment, record).status,
        found.name,
    )
