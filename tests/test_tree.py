"""From decorated code to the tree of runs that plain MLflow reads back: sqlite, and a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

import tracked
from tests.stores import all_runs
from tracked import tags as t
from tracked import track, tracked_benchmark, tracked_conversion, tracked_sweep, tracked_training
from tracked.testing import StoredRun

WEIGHTS = bytes(range(256)) * 100
DATA = {"data_config": {"name": "digits"}, "hpo_config": {"k": 3}, "train_config": {"epochs": 3}}
Runs = dict[str, StoredRun]


@tracked_training
def train(alpha: float, epochs: int = 3) -> dict[str, float]:
    """Three epochs and a file."""
    for epoch in range(epochs):
        track.log(loss=alpha / (epoch + 1))
    track.artifact(WEIGHTS, "model/weights.bin")
    return {"acc": 1 - alpha}


@tracked_sweep(n_trials=3, maximize="acc", seed=1)
def sweep(trial, data_config, hpo_config, train_config, backbone):
    """A training for each trial."""
    return train(trial.suggest_float("alpha", 0.0, 1.0))


@tracked_benchmark
def benchmark(batch_size: int) -> dict[str, float]:
    """Fixed figures."""
    return {"latency_ms": 1.5, "batch": {"p95": 2.5}}


@tracked_conversion
def convert(folder: Path) -> Path:
    """A file."""
    (folder / "model.onnx").write_bytes(WEIGHTS)
    return folder / "model.onnx"


@pytest.fixture(params=["sqlite", pytest.param("http", marks=pytest.mark.server)])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A local store, and a server."""
    return (
        f"sqlite:///{tmp_path}/mlflow.db"
        if request.param == "sqlite"
        else request.getfixturevalue("server_uri")
    )


def by_stage(runs: Runs, stage: str) -> list[StoredRun]:
    """The runs of a stage, in order of their beginning."""
    return sorted(
        (r for r in runs.values() if r.tags.get(t.STAGE) == stage), key=lambda r: (r.start_time, r.name)
    )


def test_decorated_code_becomes_the_promised_tree(uri: str, tmp_path: Path) -> None:
    """Parents, stages, params, metrics with steps, artifacts byte for byte, hashes and ends are what was run."""
    tracked.setup_mlflow("tree", tracking_uri=uri)
    best = sweep(**DATA, backbone="tiny").best
    benchmark(8)
    convert(tmp_path)
    assert tracked.sync()

    runs = all_runs(MlflowClient(uri), "tree")
    assert ["hpo", *["hpo_trial"] * 3, *["training"] * 3, "benchmark", "conversion"] == [
        run.tags[t.STAGE]
        for stage in ("hpo", "hpo_trial", "training", "benchmark", "conversion")
        for run in by_stage(runs, stage)
    ]
    assert {"FINISHED"} == {run.status for run in runs.values()}
    assert all(run.end_time >= run.start_time for run in runs.values())
    _check_sweep(runs, best)
    _check_trainings(runs)
    _check_rest(runs)


def _check_sweep(runs: Runs, best: tracked.kinds.sweep_values.Trial) -> None:
    (parent,) = by_stage(runs, "hpo")
    trials = by_stage(runs, "hpo_trial")
    assert [str(i) for i in range(3)] == [trial.tags[t.TRIAL_NUMBER] for trial in trials]
    assert {parent.run_id} == {trial.tags[t.MLFLOW_PARENT] for trial in trials}
    assert t.MLFLOW_PARENT not in parent.tags
    assert parent.metrics["acc"] == best.value == max(trial.metrics["acc"] for trial in trials)
    assert parent.params["best_alpha"] == repr(best.params["alpha"])
    assert trials[best.number].run_id == parent.tags[t.BEST_TRIAL_RUN_ID]
    assert parent.tags[t.BACKBONE] == "tiny"


def _check_trainings(runs: Runs) -> None:
    trials = {trial.run_id: trial for trial in by_stage(runs, "hpo_trial")}
    (parent,) = by_stage(runs, "hpo")
    study = tracked.get_or_compute_study_key_hash(**DATA, backbone="tiny")
    for training in by_stage(runs, "training"):
        trial = trials.pop(training.tags[t.MLFLOW_PARENT])
        alpha = float(trial.params["alpha"])
        assert {"alpha": trial.params["alpha"], "epochs": "3"} == training.params
        losses = [(p.step, p.value) for p in sorted(training.points, key=lambda p: p.step) if p.key == "loss"]
        assert [(epoch, alpha / (epoch + 1)) for epoch in range(3)] == losses
        assert {"model/weights.bin": WEIGHTS} == training.artifacts
        assert (
            study
            == parent.tags[t.STUDY_KEY_HASH]
            == trial.tags[t.STUDY_KEY_HASH]
            == training.tags[t.STUDY_KEY_HASH]
        )
        assert trial.tags[t.TRIAL_KEY_HASH] == tracked.get_or_compute_trial_key_hash(
            study_key_hash=study, hyperparameters={"alpha": alpha}
        )
    assert not trials


def _check_rest(runs: Runs) -> None:
    (speed,) = by_stage(runs, "benchmark")
    assert {"latency_ms": 1.5, "batch/p95": 2.5} == speed.metrics
    (converted,) = by_stage(runs, "conversion")
    assert {"model.onnx": WEIGHTS} == converted.artifacts
    assert converted.tags[t.FUNCTION].endswith(".convert")


def test_what_this_process_wrote_is_found(uri: str) -> None:
    """``find_mlflow_runs`` delivers first, so that a run can be found as soon as it has ended."""
    tracked.setup_mlflow("found", tracking_uri=uri)
    train(0.25)
    runs = tracked.find_mlflow_runs("found", "tags.stage='training' AND metrics.acc > 0.7")
    assert [0.75] == [run.data.metrics["acc"] for run in runs]
    assert [] == tracked.find_mlflow_runs("found", "metrics.acc > 0.8")


def test_a_run_block_has_mlflows_info_and_data(uri: str) -> None:
    """``create_mlflow_run`` gives what MLflow's own run has, and MLflow's own calls land in it."""
    import mlflow

    tracked.setup_mlflow("block", tracking_uri=uri)
    with tracked.create_mlflow_run(run_name="mine", tags={"stage": "training"}, lr=0.1) as run:
        mlflow.log_metric("f1", 0.85)
        mlflow.log_param("learning_rate", 2e-5)
    assert ("mine", "FINISHED") == (run.info.run_name, run.info.status)
    assert {"f1": 0.85} == run.data.metrics
    assert {"lr": "0.1", "learning_rate": "2e-05"} == run.data.params
    assert run.id == run.info.run_id
    assert run.id in run.url or run.url.startswith("mlflow ui")
