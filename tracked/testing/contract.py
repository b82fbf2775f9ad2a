"""What any store of runs must do: a class of tests for whoever writes a ``Backend``.

    class TestMine(BackendContract):
        @pytest.fixture
        def store(self): return Store(MyBackend(), read_run)

``Store`` pairs the backend with a way to read a run back as a :class:`StoredRun`.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from .. import tags as t
from ..errors import Refused
from ..ports import Point
from .contract_of_artifacts import NOW, ArtifactContract, Store, made, opened

__all__ = ["NOW", "BackendContract", "Store", "made", "opened"]


class BackendContract(ArtifactContract):
    """Subclass it and give the fixture ``store``."""

    def test_a_created_run_has_its_name_tags_and_start(self, store: Store) -> None:
        """What is known at the beginning is there from the first moment."""
        record = opened("first")
        run = store.read(store.backend.create(record, None).run_id)
        assert (run.name, run.experiment, run.start_time, run.status) == ("first", "contract", NOW, "RUNNING")
        assert record.run == run.tags[t.LOCAL_ID]
        assert run.tags[t.STAGE] == "training"

    def test_a_child_names_its_parent(self, store: Store) -> None:
        """MLflow's own parent tag makes the tree."""
        parent = made(store)
        child = store.backend.create(opened("child"), parent.run_id)
        assert parent.run_id == store.read(child.run_id).tags[t.MLFLOW_PARENT]

    def test_a_run_is_found_again_by_its_local_id(self, store: Store) -> None:
        """After a lost answer to ``create`` the run is found and not made twice."""
        record = opened()
        assert store.backend.find(record) is None
        run = store.backend.create(record, None)
        found = store.backend.find(record)
        assert found is not None
        assert run.run_id == found.run_id

    def test_a_run_that_exists_is_joined(self, store: Store) -> None:
        """A run handed over by somebody else is found by its own id."""
        run = made(store)
        found = store.backend.find(opened(attach=run.run_id))
        assert found is not None
        assert run.run_id == found.run_id

    def test_hashes_of_a_named_run_win(self, store: Store) -> None:
        """A run that names another shares its study key, whatever was computed here."""
        source = made(store, tags={t.STUDY_KEY_HASH: "a" * 64})
        run = made(store, tags={t.STUDY_KEY_HASH: "b" * 64}, inherit=source.run_id)
        assert store.read(run.run_id).tags[t.STUDY_KEY_HASH] == "a" * 64

    def test_a_batch_sent_twice_is_there_once(self, store: Store) -> None:
        """Points, params and tags may be sent again at will."""
        run = made(store)
        points = [Point("acc", step / 10, NOW + step, step) for step in range(50)]
        for _ in range(2):
            store.backend.log(run.run_id, points, {"lr": "0.1"}, {"x": "1"})
        stored = store.read(run.run_id)
        assert set(points) == set(stored.points)
        assert len(stored.points) == len(points)
        assert stored.params == {"lr": "0.1"}
        assert stored.tags["x"] == "1"

    def test_nan_and_large_values_survive(self, store: Store) -> None:
        """NaN stays NaN, also when it is sent twice."""
        run = made(store)
        for _ in range(2):
            store.backend.log(
                run.run_id, [Point("loss", math.nan, NOW, 0), Point("big", 1e300, NOW, 0)], {}, {}
            )
        values = {point.key: point.value for point in store.read(run.run_id).points}
        assert math.isnan(values["loss"])
        assert values["big"] == 1e300

    def test_the_last_tag_wins(self, store: Store) -> None:
        """A tag may change."""
        run = made(store)
        store.backend.log(run.run_id, [], {}, {"state": "running"})
        store.backend.log(run.run_id, [], {}, {"state": "done"})
        assert store.read(run.run_id).tags["state"] == "done"
        assert store.backend.tag(run.run_id, "state") == "done"
        assert store.backend.tag(run.run_id, "other") is None

    def test_a_changed_param_is_refused_and_costs_nothing_else(self, store: Store) -> None:
        """A param is written once; its neighbours in the refused batch are not half-written."""
        run = made(store)
        store.backend.log(run.run_id, [], {"lr": "0.1"}, {})
        try:
            store.backend.log(run.run_id, [], {"lr": "0.2", "other": "1"}, {})
        except Refused:
            pass
        else:
            raise AssertionError("a changed param must be refused")
        assert store.read(run.run_id).params == {"lr": "0.1"}
        assert store.backend.param(run.run_id, "lr") == "0.1"
        assert store.backend.param(run.run_id, "other") is None

    def test_what_a_run_has_is_known(self, store: Store) -> None:
        """Its params, its tags, and the highest step of each metric, for whoever goes on with it."""
        run_id = made(store).run_id
        points = [Point("loss", 1.0, NOW, 3), Point("loss", 2.0, NOW, 7), Point("acc", 0.5, NOW, 0)]
        store.backend.log(run_id, points, {"lr": "1"}, {"a": "b"})
        known = store.backend.known(run_id)
        assert (run_id, "RUNNING", {"lr": "1"}) == (known.run_id, known.status, dict(known.params))
        assert dict(known.steps) == {"loss": 7, "acc": 0}
        assert known.tags["a"] == "b"

    def test_a_run_that_is_not_there_is_refused(self, store: Store) -> None:
        """Data of an unknown run will never be taken: that is no outage."""
        try:
            store.backend.log(uuid4().hex, [Point("acc", 1.0, NOW, 0)], {}, {})
        except Refused:
            return
        raise AssertionError("an unknown run must be refused")

    def test_a_full_batch_is_taken(self, store: Store) -> None:
        """The limits that a backend names are limits that it keeps."""
        run = made(store)
        limits = store.backend.limits
        room = limits.entities - 2
        points = [Point("acc", float(i), NOW, i) for i in range(min(room, limits.points))]
        store.backend.log(
            run.run_id, points, {"p" * limits.key_length: "v" * limits.param_length}, {"t": "v"}
        )
        stored = store.read(run.run_id)
        assert len(points) == len(stored.points)
        assert "v" * limits.param_length == stored.params["p" * limits.key_length]

    def test_a_run_ends_as_it_is_told(self, store: Store) -> None:
        """Status and end time are those of the end, also when the end is told twice."""
        for status in ("FINISHED", "FAILED", "KILLED"):
            run = made(store)
            for _ in range(2):
                store.backend.close(run.run_id, status, NOW + 5)
            stored = store.read(run.run_id)
            assert (status, NOW + 5) == (stored.status, stored.end_time)

    def test_points_after_the_end_are_taken(self, store: Store) -> None:
        """A child process may log a little later than its parent ends."""
        run = made(store)
        store.backend.close(run.run_id, "FINISHED", NOW + 5)
        store.backend.log(run.run_id, [Point("late", 1.0, NOW + 6, 0)], {}, {})
        assert store.read(run.run_id).metrics == {"late": 1.0}

    def test_a_run_that_ended_runs_again(self, store: Store) -> None:
        """Set back to running it has lost what it said of its end and nothing else, and takes a new end."""
        run = made(store)
        store.backend.log(run.run_id, [], {}, {t.END_REASON: "it died", "mine": "1"})
        store.backend.close(run.run_id, "KILLED", NOW + 5)
        assert store.backend.holder(run.run_id) is None
        store.backend.log(run.run_id, [], {}, {t.ATTEMPT_ID: "somebody"})
        assert store.backend.holder(run.run_id) == "somebody"
        for _ in range(2):
            store.backend.reopen(run.run_id, [t.END_REASON, t.ERROR_TYPE])
        stored = store.read(run.run_id)
        assert stored.status == "RUNNING"
        assert stored.tags["mine"] == "1"
        assert t.END_REASON not in stored.tags
        store.backend.close(run.run_id, "FINISHED", NOW + 9)
        stored = store.read(run.run_id)
        assert (stored.status, stored.end_time) == ("FINISHED", NOW + 9)

    def test_runs_of_one_work_are_found(self, store: Store) -> None:
        """The newest first, with what they have by now, in one experiment; a deleted one is none of them."""
        key = uuid4().hex * 2
        made(store)
        runs = [made(store, tags={t.CALL_KEY: key}, time=NOW + i) for i in range(3)]
        points = [Point("acc", 0.5, NOW, 7), Point("acc", 0.4, NOW + 1, 2), Point("loss", 0.1, NOW, 3)]
        store.backend.log(runs[0].run_id, points, {"lr": "0.1"}, {"x": "1"})
        store.backend.close(runs[0].run_id, "FAILED", NOW + 5)
        store.backend.delete(runs[1].run_id)
        newest, oldest = store.backend.same("contract", key)
        assert [runs[2].run_id, runs[0].run_id] == [newest.run_id, oldest.run_id]
        assert (newest.status, newest.end_time, newest.params, newest.steps) == ("RUNNING", None, {}, {})
        assert (oldest.status, oldest.time, oldest.end_time) == ("FAILED", NOW, NOW + 5)
        assert (oldest.params, oldest.tags["x"], oldest.steps) == ({"lr": "0.1"}, "1", {"acc": 7, "loss": 3})
        assert runs[0].experiment_id == oldest.experiment_id
        assert not store.backend.same("another experiment", key)

    def test_of_many_that_write_one_param_one_succeeds(self, store: Store) -> None:
        """A param is written once, whoever writes it at the same time: that is how work is claimed."""
        run = made(store)

        def write(mine: str) -> bool:
            try:
                store.backend.log(run.run_id, [], {"claim": mine}, {"mine": mine})
            except Refused:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            done = dict(zip("abcdefgh", pool.map(write, "abcdefgh"), strict=True))
        stored = store.read(run.run_id)
        assert [name for name, wrote in done.items() if wrote] == [stored.params["claim"]]
        assert stored.tags["mine"] == stored.params["claim"]

    def test_what_runs_is_told(self, store: Store) -> None:
        """Runs that have not ended are found, in their experiment and in all, with what they were made with."""
        runs = [made(store, tags={t.PROCESS: "x"}) for _ in range(2)]
        store.backend.close(runs[1].run_id, "FINISHED", NOW + 5)
        assert [store.backend.status(run.run_id) for run in runs] == ["RUNNING", "FINISHED"]
        for experiment in (runs[0].experiment_id, None):
            found = {run.run_id: run for run in store.backend.running(experiment)}
            assert runs[1].run_id not in found
            one = found[runs[0].run_id]
            assert (one.time, one.tags[t.PROCESS]) == (NOW, "x")
            assert one.tags[t.LOCAL_ID]
        assert not store.backend.running("0" if runs[0].experiment_id != "0" else "1")
