from __future__ import annotations

import math

import pytest

from tests.journals import NOW, RUN, opened
from tracked.errors import Refused
from tracked.journal import lines
from tracked.ports import File, Point
from tracked.testing import FileBackend, MemoryBackend


def test_the_latest_value_is_that_of_the_highest_step(backend):
    """As in MLflow, the step decides, then the time, not the order of arrival."""
    run = backend.create(opened(), None).run_id
    backend.log(
        run, [Point("a", 2.0, NOW, 2), Point("a", 1.0, NOW + 5, 1), Point("a", 3.0, NOW - 1, 2)], {}, {}
    )
    assert {"a": 2.0} == backend.runs[run].metrics


def test_equal_points_are_one_and_others_are_not(backend):
    """Sending again adds nothing, NaN included; a point that differs in anything is another."""
    run = backend.create(opened(), None).run_id
    nan = [Point("a", float("nan"), NOW, 0), Point("a", math.nan, NOW, 0)]
    different = [
        Point("a", 1.0, NOW, 0),
        Point("a", 1.0, NOW, 1),
        Point("a", 1.0, NOW + 1, 0),
        Point("b", 1.0, NOW, 0),
    ]
    for _ in range(2):
        backend.log(run, [*nan, *different], {}, {})
    assert 5 == len(backend.runs[run].points)


def test_a_refused_batch_stores_nothing(backend):
    """One changed param refuses its whole batch: the shipper's bisecting is tested against that."""
    run = backend.create(opened(), None).run_id
    backend.log(run, [], {"lr": "1"}, {})
    with pytest.raises(Refused, match="lr"):
        backend.log(run, [Point("a", 1.0, NOW, 0)], {"x": "1", "lr": "2"}, {"t": "1"})
    stored = backend.runs[run]
    assert ({"lr": "1"}, {}) == (stored.params, dict(stored.points))
    assert "t" not in stored.tags


@pytest.mark.parametrize("call", [("log", [], {}, {}), ("close", "FINISHED", NOW)])
def test_a_run_that_is_not_there_is_refused(backend, call):
    """Nothing can be done to a run that was never made."""
    with pytest.raises(Refused, match="nowhere"):
        getattr(backend, call[0])("nowhere", *call[1:])


def test_what_is_in_the_file_outlives_the_process(tmp_path):
    """A second object reads every call of the first, special numbers included, also behind a torn line."""
    path = tmp_path / "deep" / "store.records"
    first = FileBackend(path)
    run = first.create(opened(tags={"a": "b"}), "parent").run_id
    values = [Point("m", value, NOW, step) for step, value in enumerate((math.nan, math.inf, -math.inf, 0.1))]
    first.log(run, values, {"p": "1"}, {"t": "1"})
    path.write_bytes(path.read_bytes() + lines.encode("torn")[:-4])
    (tmp_path / "w.bin").write_bytes(b"\0\xff")
    second = FileBackend(path)
    second.upload(run, [File("m/w.bin", tmp_path / "w.bin")])
    second.close(run, "FINISHED", NOW + 1)
    third = FileBackend(path).runs[run]
    assert third == second.runs[run]
    assert repr(list(map(tuple, values))) == repr(list(map(tuple, third.points)))
    assert ({"m/w.bin": b"\0\xff"}, "FINISHED", NOW + 1) == (third.artifacts, third.status, third.end_time)


def test_a_run_is_found_by_its_local_id_whatever_its_tags(backend):
    """As MLflow's backend does, the store keeps our id without being told to."""
    made = backend.create(opened(tags={}), None)
    found = backend.find(opened(tags={}))
    assert made == found
    assert MemoryBackend().find(opened()) is None
    assert RUN == backend.runs[made.run_id].tags["tracked.id"]
