"""Trainings by hand, on a real sqlite store."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest

import tracked
from tracked import MLflowSweepTracker, MLflowTrainingTracker, track, tracked_training
from tracked import tags as t

CONFIG = {
    "training": {"learning_rate": 3e-5, "batch_size": 16, "dropout": 0.1, "weight_decay": 0.01, "epochs": 5},
    "model": {"backbone": "distilbert-base-uncased"},
}
CONTEXT = SimpleNamespace(
    process_type="final_training",
    environment="colab",
    model="distilbert",
    spec_fp="a" * 16,
    exec_fp="b" * 16,
    variant=2,
)


def test_a_training_by_hand_logs_what_the_former_system_logged(store, tmp_path, checkpoint):
    """Tags, params, metrics and artifacts have the names of the source system; artifacts lie where they are named."""
    (tmp_path / "out.json").write_text('{"f1": 0.8}')
    tracker = MLflowTrainingTracker(store.experiment)
    with tracker.start_training_run(
        "final", "distilbert", context=CONTEXT, output_dir=tmp_path, group_id="g"
    ) as handle:
        tracker.log_training_parameters(
            CONFIG, {"version": "v2", "local_path": "data/v2"}, None, "combined", random_seed=7
        )
        tracker.log_training_metrics({"macro-f1": 0.8}, {"NAME": {"f1": 0.9, "recall": 1}})
        tracker.log_training_artifacts(checkpoint, tmp_path / "out.json")
    run = store["final"]
    assert {
        "learning_rate": "3e-05",
        "batch_size": "16",
        "dropout": "0.1",
        "weight_decay": "0.01",
        "epochs": "5",
        "backbone": "distilbert-base-uncased",
        "data_version": "v2",
        "dataset_path": "data/v2",
        "data_strategy": "combined",
        "random_seed": "7",
        "training_type": "final",
    } == run.params
    assert {"macro-f1": 0.8, "NAME_f1": 0.9, "NAME_recall": 1.0} == run.metrics
    assert {"checkpoint.tar.gz", "checkpoint_manifest.json", "metrics.json"} == set(run.artifacts)
    assert {"f1": 0.8} == json.loads(run.artifacts["metrics.json"])
    assert {
        t.STAGE: "training",
        t.BACKBONE: "distilbert",
        t.TRAINING_TYPE: "final",
        t.MLFLOW_RUN_TYPE: "training",
        f"{t.CONTEXT}environment": "colab",
        f"{t.CONTEXT}spec_fp": "a" * 16,
        t.GROUP: "g",
    }.items() <= run.tags.items()
    assert handle.run_key == f"final_training:distilbert:spec_{'a' * 16}:exec_{'b' * 16}:v2"
    assert handle.run_key_hash == run.tags[t.RUN_KEY_HASH]
    assert "FINISHED" == run.status


def test_a_training_with_a_checkpoint_is_continued(store):
    """Its type says so, also where the run was opened as another."""
    tracker = MLflowTrainingTracker()
    with tracker.start_training_run("continued", "bert", "continued"):
        tracker.log_training_parameters(CONFIG, source_checkpoint="ckpt/1")
    assert {"training_type": "continued", "source_checkpoint": "ckpt/1"}.items() <= store[
        "continued"
    ].params.items()


def test_one_bad_value_does_not_cost_its_neighbours(store):
    """What is no number, and a param that changes, cost nothing else."""
    tracker = MLflowTrainingTracker()
    with tracker.start_training_run("bad", "bert"):
        tracker.log_training_metrics({"a": "no number", "f1": 0.5, "b": {"c": 1}, "acc": 1})
        tracker.log_training_parameters(CONFIG)
        tracker.log_training_parameters(
            {"training": {"epochs": 6, "seed": 1}, "model": "bert"}, random_seed=3
        )
        tracker.log_training_metrics(None, {"e": 3})
    run = store["bad"]
    assert {"f1": 0.5, "acc": 1.0} == run.metrics
    assert ("5", "3") == (run.params["epochs"], run.params["random_seed"])
    assert "6" == run.tags[t.param_changed("epochs")]


def test_a_training_nests_under_what_it_is_given(store):
    """The parent shows in MLflow's UI: a handle, an MLflow id of either form, or the run around."""
    sweeps, tracker = MLflowSweepTracker(), MLflowTrainingTracker()
    with sweeps.start_sweep_run("sweep", {}, "bert") as sweep, tracker.start_training_run("around", "bert"):
        pass
    with tracker.start_training_run("by-handle", "bert", parent_run_id=sweep):
        pass
    with tracker.start_training_run("by-id", "bert", parent_run_id=sweep.run_id):
        pass
    named = store.named("around", "by-handle", "by-id")
    assert {store["sweep"].run_id} == {run.tags[t.MLFLOW_PARENT] for run in named}
    assert 32 == len(sweep.run_id)


def test_the_verbs_work_in_a_decorated_function(store):
    """A run that the decorator opened is the nearest of its kind: the verbs write to it."""
    tracker = MLflowTrainingTracker()

    @tracked_training
    def fit(lr):
        with track.run("inner"):
            tracker.log_training_metrics({"f1": lr})

    fit(0.5)
    assert {"f1": 0.5} == store["fit"].metrics
    assert {} == store["inner"].metrics


def test_trackers_of_two_threads_do_not_meet(store):
    """One tracker object serves many threads: each writes to the run that it has opened."""
    tracker, both = MLflowTrainingTracker(store.experiment), threading.Barrier(2)

    def work(number):
        with tracker.start_training_run(f"thread-{number}", "bert"):
            both.wait(10)
            tracker.log_training_metrics({"number": number})
            both.wait(10)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [{"number": 0.0}, {"number": 1.0}] == [run.metrics for run in store.named("thread-0", "thread-1")]


@pytest.mark.parametrize("stage", ["training", "hpo"])
def test_a_stage_that_is_switched_off_records_nothing(use, stage):
    """The block runs, its handle is false and knows no id, and nothing is in the store."""
    store = use()
    tracked.configure(switches={stage: {"enabled": False}})
    tracker = MLflowTrainingTracker() if stage == "training" else MLflowSweepTracker()
    start = tracker.start_training_run if stage == "training" else tracker.start_sweep_run
    args = ("off", "bert") if stage == "training" else ("off", {}, "bert")
    with start(*args) as handle:
        track.log(x=1)
        if stage == "training":
            tracker.log_training_metrics({"f1": 1})
    assert not handle
    assert (None, None, None, None) == (handle.run_id, handle.experiment_id, handle.tracking_uri, handle.url)
    assert [] == store.runs


@pytest.mark.parametrize(
    ("switch", "kept"),
    [
        ("log_checkpoint", {"metrics.json"}),
        ("log_metrics_json", {"checkpoint.tar.gz", "checkpoint_manifest.json"}),
        ("log_artifacts", set()),
    ],
)
def test_a_switch_leaves_its_artifact_out(use, switch, kept, checkpoint):
    """Each ``log_*`` switch skips its artifact and no other."""
    store = use()
    tracked.configure(switches={"training": {switch: False}})
    tracker = MLflowTrainingTracker()
    with tracker.start_training_run("switched", "bert"):
        tracker.log_training_artifacts(checkpoint, checkpoint / "config.json")
    assert kept == set(store["switched"].artifacts)


def test_paths_are_taken_as_they_are_given(store, checkpoint, tmp_path, capsys):
    """A checkpoint on a drive far from the project needs no project: nothing is inferred and nothing is warned of."""
    tracker = MLflowTrainingTracker()
    with tracker.start_training_run("far", "bert"):
        tracker.log_training_artifacts(checkpoint, config_dir=tmp_path / "nowhere")
        tracker.log_training_artifacts(tmp_path / "missing", tmp_path / "missing.json")
    assert "checkpoint.tar.gz" in store["far"].artifacts
    said = capsys.readouterr().err
    assert "project root" not in said
    assert str(tmp_path / "missing") in said


def test_outside_a_run_the_verbs_do_nothing_and_say_so(store, capsys):
    """No run is opened by logging."""
    MLflowTrainingTracker().log_training_metrics({"f1": 1})
    assert [] == store.runs
    assert "start_training_run" in capsys.readouterr().err
