"""What an older attempt still sends does not reach the run that a newer one goes on with."""

from __future__ import annotations

import time

import pytest

from tests.journals import NOW, OTHER, RUN, aside, deliver, expected_points, journal, opened, points
from tracked import tags as t
from tracked.journal import lines
from tracked.process import this_process
from tracked.records import Closed, Params, Tags, to_json
from tracked.session import claims
from tracked.shipper.batches import Batch
from tracked.shipper.delivery import Delivery
from tracked.shipper.loop import Shipper
from tracked.shipper.stale import HEARTBEAT
from tracked.testing import MemoryBackend

KEY = "c" * 64
FIRST = opened(tags={t.CALL_KEY: KEY})
LATE = [
    *points(first=5),
    Params(RUN, {"late": "1"}),
    Tags(RUN, {"late": "1"}),
    Closed(RUN, NOW + 99, "FAILED"),
]


def append(path, records):
    with path.open("ab") as file:
        file.write(b"".join(lines.encode(to_json(record)) for record in records))


def taken_over(backend, folder, attempt=OTHER):
    """Another process goes on with the run, as if from another machine."""
    (run,) = backend.same("Default", KEY)
    former = claims.next_attempt(backend, run, attempt)
    assert former is not None
    tags = {t.TAKEN_OVER: "1", t.ATTEMPT: str(former.attempt)}
    going_on = opened(attempt, attach=run.run_id, tags=tags)
    journal(folder, [going_on, *points(attempt, first=20)], writer=this_process(), name="2-2-two")
    deliver(folder, backend)
    return former


@pytest.fixture
def older(folder, backend):
    """The journal of an attempt whose process lives, delivered."""
    path = journal(folder, [FIRST, *points()], writer=this_process())
    deliver(folder, backend)
    return path


def only(backend):
    (run,) = backend.runs.values()
    return run


def test_late_records_of_an_older_attempt_are_kept_aside(folder, backend, older):
    """Its points, params, tags and its end stay out of the run, and each lies aside with the reason."""
    taken_over(backend, folder)
    append(older, LATE)
    deliver(folder, backend)
    run = only(backend)
    assert [*expected_points(), *expected_points(first=20)] == list(run.points)
    assert (run.status, "late" in run.params, "late" in run.tags) == ("RUNNING", False, False)
    kept = aside(folder)
    assert len(kept) >= 2
    assert all(reason.startswith("a newer attempt") for reason, _ in kept)
    assert {"batch", "closed"} == {what[0] for _, what in kept}


def test_the_end_of_an_older_process_does_not_end_the_newer_attempt(folder, backend):
    """The journal of the dead one is buried while the run goes on elsewhere: the run stays open."""
    path = journal(folder, [FIRST, *points()], writer=this_process())
    deliver(folder, backend)
    taken_over(backend, folder)
    path.write_bytes(path.read_bytes().replace(b'"pid":', b'"pid":9'))  # somebody who is not there
    journal(folder, [FIRST, *points()])
    deliver(folder, backend)
    assert [path] != folder.journals()
    assert only(backend).status == "RUNNING"


def test_a_shipper_at_work_looks_when_a_minute_has_passed(folder, backend, older, mocker):
    """Nothing is asked for each batch; after a sleep, however long, it is before anything is sent."""
    asked = mocker.spy(backend, "holder")
    delivery = Delivery(folder, backend)
    batch = Batch(RUN, tags=(("late", "1"),))
    for _ in range(5):
        delivery.send(batch)
    assert asked.call_count == 1
    backend.runs[delivery.runs[RUN].run_id].tags[t.ATTEMPT_ID] = OTHER
    now = time.time()
    mocker.patch("tracked.shipper.fence.time.time", return_value=now + HEARTBEAT + 1)
    delivery.send(Batch(RUN, tags=(("later", "1"),)))
    delivery.beat([RUN])
    delivery.keep_aside()
    assert "later" not in only(backend).tags
    assert len(aside(folder)) == 1
    assert asked.call_count == 2


def test_a_new_run_is_not_asked_about(folder, mocker):
    """Whoever makes a run pays nothing for what cannot have happened to it yet."""
    backend = MemoryBackend()
    asked = mocker.spy(backend, "holder")
    journal(folder, [FIRST, *points(), Closed(RUN, NOW + 9, "FINISHED")])
    deliver(folder, backend)
    assert asked.call_count == 0


def test_an_attempt_that_comes_after_its_successor_does_not_begin(folder, backend, older):
    """A machine was cut off between its claim and its first record, and another one went on: it stays out."""
    (run,) = backend.same("Default", KEY)
    second, third = "d" * 32, "e" * 32
    assert claims.next_attempt(backend, run, second) is not None
    (run,) = backend.same("Default", KEY)
    assert claims.next_attempt(backend, run, third).attempt == 3
    backend.close(run.run_id, "FINISHED", NOW + 50)
    tags = {t.TAKEN_OVER: "1", t.ATTEMPT: "2"}
    late = [opened(second, attach=run.run_id, tags=tags), *points(second, first=30)]
    journal(folder, [*late, Closed(second, NOW + 99, "FAILED")], name="3-3-three")
    deliver(folder, backend)
    assert (only(backend).status, expected_points()) == ("FINISHED", list(only(backend).points))
    assert {"opened", "batch", "closed"} == {what[0] for _, what in aside(folder)}


def test_an_attempt_that_was_decided_elsewhere_says_so_in_the_store(folder, backend, older):
    """Of a study that is shared its storage decides who goes on: the store is told, and a later one is never undone."""
    (run,) = backend.same("Default", KEY)
    for attempt, number, first in (("d" * 32, "3", 20), ("e" * 32, "2", 40), ("f" * 32, "3", 60)):
        told = {t.ATTEMPT_ID: attempt, t.HOST: f"of {attempt[0]}", t.PROCESS: f"by {attempt[0]}"}
        tags = {t.TAKEN_OVER: "1", t.ATTEMPT: number, **told}
        going_on = opened(attempt, attach=run.run_id, tags=tags)
        journal(folder, [going_on, *points(attempt, first=first)], this_process(), f"2-2-{attempt[0]}")
        deliver(folder, backend)
    tags = only(backend).tags
    assert ("3", "d" * 32) == (tags[t.ATTEMPT], tags[t.ATTEMPT_ID])
    assert ("of d", "by d") == (tags[t.HOST], tags[t.PROCESS])
    assert [*expected_points(), *expected_points(first=20)] == list(only(backend).points)
    assert {"a newer attempt, dddddddd, goes on with run " + run.run_id} == {why for why, _ in aside(folder)}


def test_a_new_attempt_runs_again_without_the_end_that_was(folder, backend):
    """Its run is RUNNING, says nothing of the former end but as history, and is ended by the new attempt."""
    ending = Tags(RUN, {t.ERROR_TYPE: "ValueError", t.ERROR_MESSAGE: "boom"})
    journal(folder, [FIRST, *points(), ending, Closed(RUN, NOW + 9, "FAILED")])
    deliver(folder, backend)
    taken_over(backend, folder)
    run = only(backend)
    assert (run.status, run.tags[t.ATTEMPT], t.ERROR_TYPE in run.tags) == ("RUNNING", "2", False)
    assert run.tags[f"{t.FORMER}1"].startswith("FAILED at ")
    assert run.tags[f"{t.FORMER}1"].endswith(": ValueError: boom")
    append(folder.path / "2-2-two.journal", [Closed(OTHER, NOW + 500, "FINISHED")])
    Shipper(folder, lambda: backend).drain()
    assert (only(backend).status, only(backend).end_time) == ("FINISHED", NOW + 500)
