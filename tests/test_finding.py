"""Finding, from the top: what was just written is found, by every face that finds."""

from __future__ import annotations

import pytest
from mlflow import MlflowClient

import tracked
from tracked import selecting, track
from tracked.errors import ConfigError, RunNotFound
from tracked.finding import find_run_by_trial_id
from tracked.identity import trial_key


@pytest.fixture
def tree():
    """A sweep of three trials with a training in each, a conversion of the best training, and its benchmark."""
    with track.run("sweep", kind="hpo") as sweep:
        trainings = []
        for i in range(3):
            key = {"tracked.trial_key_hash": trial_key("a" * 64, {"lr": i}).hash}
            with (
                track.run(f"trial-{i}", kind="hpo_trial", tags=key),
                track.run("train", kind="training") as run,
            ):
                track.log(acc=[0.5, 0.9, 0.7][i])
                trainings.append(run)
    with track.run("convert", kind="conversion", tags={"source_training_run": trainings[1].id}):
        pass
    return sweep, trainings


@pytest.fixture(autouse=True)
def _experiment(monkeypatch):
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")  # MLflow is loaded in this process anyway
    tracked.setup_mlflow("found")


def names(runs):
    """Their names, in order."""
    return [run.info.run_name for run in runs]


def test_what_was_just_written_is_found(tree):
    """Each face delivers before it asks."""
    sweep, trainings = tree
    with track.run("late", tags={"note": 'it\'s "late"'}) as late:
        track.log(acc=0.95)
    where = {"note": 'it\'s "late"'}
    assert ["late"] == names(tracked.find_mlflow_runs(where=where))
    assert late.id == tracked.find_mlflow_run(local_id=late.ref.run).run_id
    assert late.id == tracked.find_mlflow_run("found", tags=where).run_id
    assert "late" == tracked.find_best_mlflow_run(maximize="acc").info.run_name
    assert (
        trainings[1].id
        == tracked.find_best_mlflow_run(maximize="acc", where={"stage": "training"}).info.run_id
    )
    assert ["trial-0", "trial-1", "trial-2"] == sorted(names(selecting.find_child_runs(sweep)))
    assert ["sweep", "trial-1"] == names(selecting.find_ancestor_runs(trainings[1]))
    assert "late" in list(selecting.mlflow_runs_to_pandas(where=where)["run_name"])


def test_the_lineage_of_a_run(tree):
    """A run, its id or one of MLflow's may be given."""
    _, trainings = tree
    for run in (trainings[1], trainings[1].id, tracked.find_mlflow_run(run_id=trainings[1].id).run):
        lineage = tracked.find_lineage(run)
        assert ["sweep", "trial-1"] == names(lineage.sources)
        assert ["convert"] == names(lineage.products)
    with pytest.raises(RunNotFound, match="names no run"):
        tracked.find_lineage(7)


def test_a_trial_by_its_id(tree):
    """Its key, the beginning of the key, its name."""
    key = trial_key("a" * 64, {"lr": 2}).hash
    for trial_id in (key, f"trial-{key[:8]}", "trial-2"):
        assert "trial-2" == find_run_by_trial_id(trial_id).run.info.run_name
    assert not find_run_by_trial_id("trial-7", strict=False).found


def test_the_state_is_asked_for_by_name(tree):
    """One state, several, or a slip."""
    with pytest.raises(ZeroDivisionError), track.run("broken"):
        raise ZeroDivisionError
    assert ["broken"] == names(tracked.find_mlflow_runs(status="FAILED"))
    assert 9 == len(tracked.find_mlflow_runs(status=["FAILED", "FINISHED"]))
    assert ["broken"] == names(tracked.find_mlflow_runs(status="FAILED", where=[{"run_name": "broken"}]))
    with pytest.raises(ConfigError, match="did you mean 'FINISHED'"):
        tracked.find_mlflow_runs(status="FINISH")


def test_nothing_is_found_instead(tree):
    """A miss is an error, with what was tried, and no other run in its place."""
    with pytest.raises(RunNotFound, match="3 or more runs have it") as caught:
        tracked.find_mlflow_run(run_name="train")
    assert ("run_name",) == caught.value.report.strategies_attempted
    report = tracked.find_mlflow_run(run_name="nobody", strict=False)
    assert (None, False) == (report.run, report.found)


def test_runs_by_their_tags(tree):
    """Finished ones only, by default; a run without the tag is not among them; the values may be any."""
    with pytest.raises(ZeroDivisionError), track.run("broken", tags={"stage": "training"}):
        raise ZeroDivisionError
    tracked.sync()
    client = MlflowClient(tracked.setup_mlflow())
    (experiment,) = {run.info.experiment_id for run in tracked.find_mlflow_runs()}

    def query(tags, **more):
        return names(selecting.query_runs_by_tags(client, [experiment], tags, **more))

    assert ["train"] * 3 == query({"stage": "training"})
    assert ["train"] * 2 == query({"stage": "training"}, max_results=2)
    assert ["broken", *["train"] * 3] == query({"stage": "training"}, status=None)
    assert ["train"] == query({"stage": "training"}, filter_string="metrics.acc > 0.8")
    assert [] == query({"stage": "training", "absent": "x"})


def test_the_best_and_the_groups_of_runs_at_hand(tree):
    """The best by max and by min, runs without the metric left out; groups by a tag, the rest by default."""
    runs = tracked.find_mlflow_runs()
    best = selecting.find_best_run_by_metric
    assert [0.9, 0.5] == [best(runs, "acc", up).data.metrics["acc"] for up in (True, False)]
    assert best(runs, "loss") is None
    groups = selecting.group_runs_by_variant(runs, "stage")
    assert {"hpo": 1, "hpo_trial": 3, "training": 3, "conversion": 1} == {
        k: len(v) for k, v in groups.items()
    }
    assert ["default"] == list(selecting.group_runs_by_variant(runs))
