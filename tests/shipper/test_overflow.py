from __future__ import annotations

import csv
import io
import json
from contextlib import suppress

import pytest

from tests.journals import NOW, RUN, aside, by_local_id, deliver, journal, opened
from tracked import tags as t
from tracked.errors import BackendUnavailable, Refused
from tracked.journal import lines
from tracked.limits import KEPT_PARAMS, KEPT_TAGS, Limits
from tracked.ports import Point
from tracked.process import this_process
from tracked.records import Closed, Metrics, Params, Tags, to_json
from tracked.shipper.batches import actions
from tracked.shipper.delivery import Delivery
from tracked.shipper.memory import StoredRun
from tracked.testing import MemoryBackend

PARAMS, TAGS, METRICS = 10, 20, 5


class Small(MemoryBackend):
    """Has room for few names, and says so as Azure ML does."""

    limits = Limits(points=7, tag_key_length=30, run_params=PARAMS, run_tags=TAGS, run_metrics=METRICS)

    def _created(self, run_id, opened, parent_id):
        super()._created(run_id, opened, parent_id)
        _check(self.runs[run_id])

    def log(self, run_id, points, params, tags):
        run = self.runs[run_id]
        would = StoredRun("", "", "", 0, params=run.params | params, tags=run.tags | tags)
        would.points = {**run.points, **dict.fromkeys(points)}
        _check(would)
        assert len(points) <= 7
        super().log(run_id, points, params, tags)


def _check(run):
    for names, limit in ((run.params, PARAMS), (run.tags, TAGS), (run.metrics, METRICS)):
        if len(names) > limit:
            raise Refused("over the size limit")
    assert all(len(key) <= 30 for key in run.tags)


def records():
    """More of everything than there is room for; the end comes with tags of ours."""
    yield Params(RUN, {f"p{i}": str(i) for i in range(25)})
    yield Tags(RUN, {f"t{i}": str(i) for i in range(30)} | {"x" * 40: "a long name"})
    for step in range(4):
        yield Metrics(RUN, NOW + step, step, {f"m{i}": float(i + step) for i in range(9)})
    yield Tags(RUN, {t.END_REASON: "done", t.HEARTBEAT: "1", t.SUMMARY: "told", "t29": "last"})
    yield Closed(RUN, NOW + 99, "FINISHED")


def _whole(run):
    """All that was written, from where it is stored and from the files of what there was no room for."""
    kept = {name: run.artifacts.get(f"overflow/{name}", b"{}") for name in ("params.json", "tags.json")}
    rows = list(csv.DictReader(io.StringIO(run.artifacts["overflow/metrics.csv"].decode())))
    points = {Point(r["key"], float(r["value"]), int(r["time"]), int(r["step"])) for r in rows}
    return (
        run.params | json.loads(kept["params.json"]),
        run.tags | json.loads(kept["tags.json"]),
        {*run.points, *points},
    )


def _check_nothing_is_lost(run):
    params, tags, points = _whole(run)
    assert {f"p{i}": str(i) for i in range(25)} == params
    assert {f"t{i}": str(i) for i in range(29)} | {"t29": "last", "x" * 40: "a long name"} == {
        key: value for key, value in tags.items() if not t.is_ours(key)
    }
    assert {Point(f"m{i}", float(i + s), NOW + s, s) for i in range(9) for s in range(4)} == points


def test_what_a_run_has_no_room_for_is_kept_whole_in_its_artifacts(folder):
    """Nothing is lost and nothing put aside: the first names are stored, the others lie in files of the run."""
    journal(folder, [opened(), *records()])
    run = by_local_id(deliver(folder, Small()))[RUN]
    _check_nothing_is_lost(run)
    assert (PARAMS - KEPT_PARAMS, METRICS) == (len(run.params), len(run.metrics))
    assert [] == aside(folder)
    assert "overflow/params.json, overflow/tags.json, overflow/metrics.csv" == run.tags[t.OVERFLOW]


def test_our_own_tags_always_find_room(folder):
    """However many tags a user sets, how the run ended and what finds it are among its tags."""
    journal(folder, [opened(), *records()])
    run = by_local_id(deliver(folder, Small()))[RUN]
    assert ("done", "1", "FINISHED") == (run.tags[t.END_REASON], run.tags[t.HEARTBEAT], run.status)
    assert RUN == run.tags[t.LOCAL_ID]
    assert TAGS - KEPT_TAGS <= len(run.tags) <= TAGS


def test_all_values_of_a_metric_are_in_one_place(folder):
    """A metric is stored with all its values, or kept with all of them."""
    journal(folder, [opened(), *records()])
    run = by_local_id(deliver(folder, Small()))[RUN]
    assert {f"m{i}" for i in range(METRICS)} == run.metrics.keys()
    assert METRICS * 4 == len(run.points)


def test_a_run_that_begins_with_too_many_tags_begins_all_the_same(folder):
    """What a run is born with is cut to what there is room for, before it is made."""
    journal(folder, [opened(tags={f"t{i}": str(i) for i in range(40)}), Closed(RUN, NOW, "FINISHED")])
    run = by_local_id(deliver(folder, Small()))[RUN]
    kept = json.loads(run.artifacts["overflow/tags.json"])
    assert {f"t{i}": str(i) for i in range(40)}.items() <= {**run.tags, **kept}.items()


@pytest.mark.parametrize("is_new_process", [False, True])
def test_tags_that_a_run_could_not_begin_with_survive_an_outage(folder, is_new_process):
    """A run that was made right before the store went away, or the shipper, has all its tags in the end."""

    class Leaving(Small):
        is_there = False

        def log(self, *given):
            if not self.is_there:
                raise BackendUnavailable("gone")
            super().log(*given)

    backend = Leaving()
    tags = {f"t{i}": str(i) for i in range(40)}
    journal(folder, [opened(tags=tags), Params(RUN, {"a": "1"}), Closed(RUN, NOW, "FINISHED")])
    delivery = Delivery(folder, backend)
    with suppress(BackendUnavailable):
        for action in actions([opened(tags=tags), Params(RUN, {"a": "1"})], backend.limits):
            delivery.send(action)
    assert RUN in by_local_id(backend)
    backend.is_there = True
    if is_new_process:
        deliver(folder, backend)
    else:
        delivery.begin()
        for action in actions([opened(tags=tags), Closed(RUN, NOW, "FINISHED")], backend.limits):
            delivery.send(action)
    run = by_local_id(backend)[RUN]
    assert tags.items() <= {**run.tags, **json.loads(run.artifacts["overflow/tags.json"])}.items()


def test_a_name_that_is_too_long_is_kept(folder):
    """A tag whose key the store cannot take is in the file, though there is room for its like."""
    journal(folder, [opened(), Tags(RUN, {"short": "a", "x" * 31: "b"}), Closed(RUN, NOW, "FINISHED")])
    run = by_local_id(deliver(folder, Small()))[RUN]
    assert ("a", {"x" * 31: "b"}) == (run.tags["short"], json.loads(run.artifacts["overflow/tags.json"]))


@pytest.mark.parametrize("dies_after", range(1, 12))
def test_a_shipper_that_dies_costs_nothing(folder, dies_after):
    """Whenever a shipper dies, the next one knows what the run has, and what was kept for it arrives."""

    class Dying(Small):
        calls = 0

        def log(self, *given):
            self.calls += 1
            if self.calls == dies_after:
                raise BackendUnavailable("gone")
            super().log(*given)

    backend, parts = Dying(), list(records())
    path = journal(folder, [opened()], this_process())
    for record in parts:
        with path.open("ab") as file:
            file.write(lines.encode(to_json(record)))
        with suppress(BackendUnavailable):
            deliver(folder, backend)
    deliver(folder, backend)
    run = by_local_id(backend)[RUN]
    _check_nothing_is_lost(run)
    assert ([], []) == (aside(folder), list(folder.path.glob("overflow-*")))
    assert [] == list(folder.files.iterdir())


def test_a_process_that_dies_leaves_its_overflow_with_the_run(folder):
    """A run that never ended has its files, too, once it is taken for dead."""
    small = Small()
    delivery = Delivery(folder, small)
    delivery.send(opened())
    for action in actions(list(records())[:1], small.limits):
        delivery.send(action)
    delivery.close_dead([RUN], NOW, "gone")
    assert "overflow/params.json" in by_local_id(small)[RUN].artifacts


def test_a_store_without_such_limits_is_asked_nothing(folder):
    """Where any number of names has room, no store is asked what a run has."""

    class Deaf(MemoryBackend):
        def known(self, run_id):
            raise AssertionError

    journal(folder, [opened(), Params(RUN, {f"p{i}": "" for i in range(300)}), Closed(RUN, NOW, "FINISHED")])
    run = by_local_id(deliver(folder, Deaf()))[RUN]
    assert (300, {}) == (len(run.params), run.artifacts)
