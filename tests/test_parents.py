"""Which run a new one stands under."""

import json
import os
import time

import pytest
from mlflow.entities import Run as MlflowRun
from mlflow.entities import RunData, RunInfo

from tests.scripts import Store, called, parent_of
from tracked import create_mlflow_run, track, tracked_training
from tracked import tags as t
from tracked.context import RunRef
from tracked.records import Opened
from tracked.testing import FileBackend, captured


def named(parent, **options):
    """The stored run of a function with this parent, called inside another run; and the name of the one above."""
    with captured() as runs:
        with track.run("given") as given:
            pass
        fn = tracked_training(parent=parent(given), **options)(lambda: None)
        with track.run("around"):
            fn()
        run = runs["<lambda>"]
        return run, parent_of(runs.runs, run)


class TestGiven:
    def test_a_run_wins_over_the_one_around(self):
        """``parent=run`` names the run above, also when that has ended."""
        assert "given" == named(lambda given: given)[1]

    def test_a_reference_does_as_well(self):
        """What travels to other places names the run too."""
        assert "given" == named(lambda given: given.ref)[1]

    def test_its_experiment_and_keys_are_inherited(self):
        """A child is where its parent is, and belongs to the same study."""
        study = tracked_training(experiment="elsewhere")(lambda study_key_hash: track.current())
        with captured() as runs:
            given = study("a" * 64)
            tracked_training(parent=given)(lambda: None)()
            tracked_training(parent=given.ref, experiment="own")(lambda: None)()
            _, inherited, own = runs.runs
        assert ("elsewhere", "own") == (inherited.experiment, own.experiment)
        assert ["a" * 64] * 2 == [run.tags[t.STUDY_KEY_HASH] for run in (inherited, own)]

    def test_a_run_of_another_store_gives_only_its_study(self):
        """It cannot be named here; that costs no run."""
        ref = RunRef("0" * 32, "/another/folder", "elsewhere", hashes={t.STUDY_KEY_HASH: "a" * 64})
        with captured() as runs:
            tracked_training(parent=ref)(lambda: None)()
            (run,) = runs.runs
        assert ("Default", "FINISHED") == (run.experiment, run.status)
        assert t.MLFLOW_PARENT not in run.tags
        assert "a" * 64 == run.tags[t.STUDY_KEY_HASH]

    def test_an_mlflow_id_is_taken_as_it_is(self):
        """A run that is not ours is named by its id."""
        with captured() as runs:
            tracked_training(parent="0123abcd")(lambda: None)()
            with track.run("block", parent="0123abcd"):
                pass
            assert ["0123abcd"] * 2 == [run.tags[t.MLFLOW_PARENT] for run in runs.runs]

    def test_a_run_of_mlflow_names_itself(self):
        """What MLflow's own functions return can be given too."""
        info = RunInfo(
            run_id="0123abcd",
            experiment_id="1",
            user_id="",
            status="RUNNING",
            start_time=0,
            end_time=None,
            lifecycle_stage="active",
        )
        with captured() as runs:
            tracked_training(parent=MlflowRun(info, RunData()))(lambda: None)()
            assert "0123abcd" == runs.runs[0].tags[t.MLFLOW_PARENT]

    def test_children_of_the_child_see_the_whole_chain(self):
        """Inside a run with a given parent, that run is the parent of what follows."""

        @tracked_training
        def inner():
            track.log(x=1)

        with captured() as runs:
            with track.run("given") as given:
                pass
            tracked_training(parent=given, name="middle")(inner.__call__)()
            assert "middle" == parent_of(runs.runs, runs["inner"])
            assert track.current() is None

    @pytest.mark.parametrize("bad", [3, object(), "", " "])
    def test_a_block_with_a_bad_parent_opens_where_it_stands(self, bad, capsys):
        """One line says so; the run and its data are there, under the run around."""
        with captured() as runs:
            with track.run("around"):
                for _ in range(2):
                    with track.run("block", parent=bad):
                        track.log(x=1)
                with create_mlflow_run("seed", parent=bad):
                    track.log(x=1)
            blocks = [*called(runs.runs, "block"), runs["seed"]]
            assert [("around", {"x": 1.0})] * 3 == [
                (parent_of(runs.runs, run), run.metrics) for run in blocks
            ]
        assert 1 == capsys.readouterr().err.count("parent is a run")


class TestAround:
    def test_without_anything_it_is_a_root(self):
        """No parent tag at all."""
        with captured() as runs:
            tracked_training(lambda: None)()
            assert t.MLFLOW_PARENT not in runs.runs[0].tags

    def test_the_tracked_run_around_wins_over_the_environment(self, monkeypatch):
        """A context in the environment is for the roots of this process."""
        ref = RunRef("0" * 32, "", "there", run_id="above-us")
        monkeypatch.setenv("TRACKED_CONTEXT", json.dumps(ref.to_dict()))
        with captured() as runs:
            with track.run("root"), track.run("child"):
                pass
            root, child = runs.runs
        assert ("above-us", root.run_id) == (root.tags[t.MLFLOW_PARENT], child.tags[t.MLFLOW_PARENT])
        assert "there" == child.experiment

    def test_a_store_that_was_switched_inside_has_no_parent_there(self):
        """A run of another store cannot be named in this one."""
        with captured() as first, track.run("outer"):
            with captured() as second:
                with track.run("inner"):
                    track.log(x=1)
                assert t.MLFLOW_PARENT not in second["inner"].tags
                assert {"x": 1.0} == second["inner"].metrics
            assert ["outer"] == [run.name for run in first.runs]


class TestNamedByAnArgument:
    """The run of a study or trial, named by its MLflow id among the arguments."""

    @pytest.mark.parametrize("argument", ["hpo_parent_run_id", "trial_run_id"])
    def test_its_keys_are_shared(self, argument):
        """The call belongs to the study of the named run; it stands where it would stand otherwise."""
        with captured() as runs:
            study = tracked_training(name="study")(lambda study_key_hash: track.current())("a" * 64)
            named = {argument: runs["study"].run_id}
            tracked_training(name="train")(lambda **more: None)(**named)
            train = runs["train"]
        assert study.closed is not None
        assert "a" * 64 == train.tags[t.STUDY_KEY_HASH]
        assert t.MLFLOW_PARENT not in train.tags

    def test_a_key_that_is_given_wins(self):
        """Who gives the key and the run means the key."""
        with captured() as runs:
            tracked_training(name="study")(lambda study_key_hash: None)("a" * 64)
            named = {"hpo_parent_run_id": runs["study"].run_id, "study_key_hash": "b" * 64}
            tracked_training(name="train")(lambda **more: None)(**named)
            assert "b" * 64 == runs["train"].tags[t.STUDY_KEY_HASH]


HANDED_OVER = """
import sys
from tracked import track, tracked_training

@tracked_training
def train(x):
    track.log(x=x)
    return {'acc': x}

for x in (1, 2):
    try:
        train(x)
    except ValueError:
        pass
with track.run('block'):
    train(3)
"""


@pytest.mark.parametrize("variable", ["MLFLOW_RUN_ID", "AZUREML_RUN_ID"])
class TestHandedOver:
    @pytest.fixture
    def store(self, tmp_path):
        """A store in which the platform has opened a run already."""
        store = Store(tmp_path)
        backend = FileBackend(store.path)
        now = int(time.time() * 1000)
        backend.create(Opened("0" * 32, now, "job", "platform", tags={"owner": "platform"}), None)
        os.close(backend._fd)
        return store

    def test_the_first_root_is_that_run_and_later_ones_its_children(self, store, variable):
        """Data goes into the run of the platform; nothing ends or renames it."""
        (job,) = store.runs
        store.python(HANDED_OVER, **{variable: job.run_id})
        job, second, block, third = store.runs
        assert ("job", "platform", "RUNNING", None) == (job.name, job.experiment, job.status, job.end_time)
        assert {"x": 1.0, "acc": 1.0} == job.metrics
        assert {"x": "1"} == job.params
        assert ["2", None, "3"] == [run.params.get("x") for run in (second, block, third)]
        assert [job.run_id, job.run_id, block.run_id] == [
            run.tags[t.MLFLOW_PARENT] for run in (second, block, third)
        ]
        assert {"FINISHED"} == {run.status for run in (second, block, third)}

    def test_it_gets_the_tags_of_a_run_of_ours(self, store, variable):
        """It is found by stage and key like any other, and keeps what the platform wrote."""
        (job,) = store.runs
        store.python(HANDED_OVER, **{variable: job.run_id})
        tags = store.runs[0].tags
        assert ("platform", "training") == (tags["owner"], tags[t.STAGE])
        assert "program.train" == tags[t.FUNCTION]
        assert t.CALL_KEY in tags

    def test_a_failure_does_not_end_it(self, store, variable):
        """Its end is the platform's, also when the first function failed: the reason is told."""
        (job,) = store.runs
        source = HANDED_OVER.replace("track.log(x=x)", "raise ValueError('no')").replace("train(3)", "pass")
        store.python(source, **{variable: job.run_id})
        job = store.runs[0]
        assert ("RUNNING", "ValueError") == (job.status, job.tags[t.ERROR_TYPE])

    def test_a_run_that_is_not_in_the_store_is_made_anew(self, store, variable):
        """Better a new run than no data."""
        store.python(HANDED_OVER, **{variable: "f" * 32})
        train = called(store.runs, "train")[0]
        assert ({"x": 1.0, "acc": 1.0}, "FINISHED") == (train.metrics, train.status)
