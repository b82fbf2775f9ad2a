"""Sweeps by hand, on a real sqlite store."""

from __future__ import annotations

import io
import json
import tarfile

import optuna
import pytest

import tracked
from tracked import MLflowSweepTracker, track, tracked_training
from tracked import tags as t
from tracked.errors import ConfigError
from tracked.lifecycle import terminate_run_safe
from tracked.runs import create_child_run, create_child_run_core

HPO = {
    "objective": {"metric": "macro-f1", "direction": "maximize"},
    "sampling": {"algorithm": "random", "max_trials": 4},
    "search_space": {"lr": {"type": "loguniform", "low": 1e-5, "high": 1e-3}},
}
CONFIGS = {"data_config": {"name": "resumes", "version": "v1"}, "train_config": {"epochs": 3}}


@pytest.fixture(autouse=True)
def _quiet_optuna():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


@tracked_training
def train(lr):
    """One point and a result."""
    track.log(loss=1 - lr)
    return {"macro-f1": lr}


def studied(values, direction="maximize"):
    """A study whose trials gave these values; None is a trial that failed."""
    study = optuna.create_study(direction=direction)
    for value in values:
        trial = study.ask({"lr": optuna.distributions.FloatDistribution(1e-5, 1e-3, log=True)})
        study.tell(trial, value, None if value is not None else optuna.trial.TrialState.FAIL)
    return study


def test_a_sweep_by_hand_logs_what_the_former_system_logged(store, tmp_path):
    """Params, tags and hashes have the names and values of the source system, and the state is true."""
    with MLflowSweepTracker(store.experiment).start_sweep_run(
        "local_distilbert_hpo",
        {**HPO, "refit": {"enabled": True}},
        "distilbert",
        "hpo_distilbert",
        {"enabled": True},
        tmp_path / "study.db",
        True,
        output_dir=tmp_path / "out",
        group_id="g1",
        **CONFIGS,
    ) as handle:
        assert handle.study_key_hash == tracked.get_or_compute_study_key_hash(
            hpo_config={**HPO, "refit": {"enabled": True}}, backbone="distilbert", **CONFIGS
        )
    run = store["local_distilbert_hpo"]
    assert {
        "primary_metric": "macro-f1",
        "objective_goal": "maximize",
        "backbone": "distilbert",
        "max_trials": "4",
        "n_trials_planned": "4",
        "study_name": "hpo_distilbert",
        "objective_metric": "macro-f1",
        "checkpoint_enabled": "True",
        "checkpoint_path": str(tmp_path / "study.db"),
        "checkpoint_storage_type": "sqlite",
        "resumed_from_checkpoint": "True",
    } == run.params
    expected = {
        t.STAGE: "hpo",
        t.BACKBONE: "distilbert",
        t.GROUP: "g1",
        t.OUTPUT_DIR: str(tmp_path / "out"),
        t.DIRECTION: "maximize",
        t.ARTIFACT_AVAILABLE: "false",
        "azureml.runType": "sweep",
        "azureml.sweep": "true",
        "mlflow.runType": "sweep",
        t.STUDY_KEY_HASH: handle.study_key_hash,
        t.STUDY_FAMILY_HASH: handle.study_family_hash,
    }
    assert expected.items() <= run.tags.items()
    assert {64} == {
        len(run.tags[tag]) for tag in (t.STUDY_FAMILY_HASH, t.DATA_FINGERPRINT, t.EVAL_FINGERPRINT)
    }
    assert run.status == "FINISHED"


def test_decorated_code_and_verbs_share_one_tree(store):
    """A decorated training in a sweep by hand is its child, ``track.log`` works in it, and the verbs find their run."""
    tracker = MLflowSweepTracker(store.experiment)
    study = optuna.create_study(direction="maximize")
    with tracker.start_sweep_run("mixed", HPO, "bert", **CONFIGS) as handle:
        track.log(seen=1)
        for number in range(2):
            trial = study.ask({"lr": optuna.distributions.FloatDistribution(0.0, 1.0)})
            with create_child_run(handle, number):
                study.tell(trial, train(trial.params["lr"])["macro-f1"])
                if number == 1:
                    tracker.log_final_metrics(study, "macro-f1", handle)
    sweep = store["mixed"]
    trials = store.named("trial_0", "trial_1")
    trainings = [run for run in store.runs if run.tags[t.STAGE] == "training"]
    assert {sweep.run_id} == {run.tags[t.MLFLOW_PARENT] for run in trials}
    assert {run.run_id for run in trials} == {run.tags[t.MLFLOW_PARENT] for run in trainings}
    assert all("loss" in run.metrics for run in trainings)
    assert {handle.study_key_hash} == {run.tags[t.STUDY_KEY_HASH] for run in store.runs}
    assert {"seen": 1.0, "n_trials": 2.0, "n_completed_trials": 2.0}.items() <= sweep.metrics.items()
    best = trials[study.best_trial.number].run_id
    assert best == sweep.tags[t.BEST_TRIAL_RUN_ID] == sweep.params["best_trial_run_id"]
    assert handle.run_id == sweep.run_id
    assert handle.experiment_id == store.client.get_run(sweep.run_id).info.experiment_id
    assert handle.tracking_uri == store.uri


def test_the_second_sweep_of_a_process_is_tracked(store):
    """Each sweep is a run of its own, one after the other and also inside an active MLflow run."""
    import mlflow

    tracker = MLflowSweepTracker(store.experiment)
    for name in ("first", "second"):
        with tracker.start_sweep_run(name, HPO, "bert"):
            pass
    with (
        mlflow.start_run(run_name="plain") as plain,
        tracker.start_sweep_run("inside", HPO, "bert") as handle,
    ):
        pass
    assert handle
    assert {"FINISHED"} == {run.status for run in store.named("first", "second", "inside")}
    assert store["inside"].tags[t.MLFLOW_PARENT] == plain.info.run_id


def test_constructing_a_tracker_changes_nothing(store, monkeypatch):
    """Neither MLflow's URI nor ours is touched, and no file appears."""
    import mlflow

    before, files = mlflow.get_tracking_uri(), sorted(tracked.session.current().home.parent.rglob("*"))
    MLflowSweepTracker("another")
    assert before == mlflow.get_tracking_uri()
    assert files == sorted(tracked.session.current().home.parent.rglob("*"))


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_what_the_users_code_raises_passes_unchanged(store, error):
    """The very same exception comes out, and the run ends as it says."""
    with (
        pytest.raises(type(error)) as caught,
        MLflowSweepTracker(store.experiment).start_sweep_run("bad", HPO, "b"),
    ):
        raise error
    assert caught.value is error
    assert {ValueError: "FAILED", SystemExit: "FAILED"}.get(type(error), "KILLED") == store["bad"].status


@pytest.mark.parametrize(
    ("objective", "direction"),
    [
        ({"metric": "loss", "direction": "minimize"}, "minimize"),
        ({"metric": "loss", "goal": "minimize"}, "minimize"),
        ({"metric": "loss", "direction": "minimize", "goal": "maximize"}, "minimize"),
        ({"metric": "f1", "goal": "Maximize"}, "maximize"),
    ],
)
def test_the_objectives_direction_is_read_right(store, objective, direction):
    """``direction`` comes first, the legacy ``goal`` second."""
    with MLflowSweepTracker().start_sweep_run("directed", {"objective": objective}, "bert"):
        pass
    assert store["directed"].params["objective_goal"] == direction
    assert store["directed"].tags[t.DIRECTION] == direction


@pytest.mark.parametrize(("direction", "best"), [("maximize", 0.9), ("minimize", 0.2)])
def test_the_best_is_what_the_study_calls_so(store, direction, best):
    """Best value, number and hyperparameters are those of the best complete trial, in either direction."""
    study = studied([0.5, 0.9, None, 0.2], direction)
    tracker = MLflowSweepTracker()
    with tracker.start_sweep_run("found", HPO, "bert"):
        tracker.log_final_metrics(study, "macro-f1", hpo_config={"refit": {"enabled": True}})
    run = store["found"]
    assert {"n_trials": 4, "n_completed_trials": 3, "best_macro-f1": best}.items() <= run.metrics.items()
    assert run.params["best_lr"] == repr(study.best_params["lr"])
    assert run.tags[t.BEST_TRIAL_NUMBER] == str(study.best_trial.number)
    assert run.tags[t.REFIT_PLANNED] == "true"
    assert t.BEST_TRIAL_RUN_ID not in run.tags


def test_without_a_complete_trial_only_the_counts_are_logged(store):
    """Nothing is called the best, and nothing is raised."""
    tracker = MLflowSweepTracker()
    with tracker.start_sweep_run("none", HPO, "bert"):
        tracker.log_final_metrics(studied([None, None]), "macro-f1")
    assert {"n_trials": 2.0, "n_completed_trials": 0.0}.items() <= store["none"].metrics.items()
    assert t.BEST_TRIAL_NUMBER not in store["none"].tags


def test_only_the_sweeps_own_children_can_be_its_best(store):
    """A trial of the same number in another sweep is not taken for this one's."""
    tracker, study = MLflowSweepTracker(), studied([0.5])
    with tracker.start_sweep_run("other", HPO, "bert") as other, create_child_run(other, 0):
        pass
    with tracker.start_sweep_run("mine", HPO, "bert"):
        tracker.log_final_metrics(study, "macro-f1")
    with tracker.start_sweep_run("told", HPO, "bert"):
        tracker.log_final_metrics(study, "macro-f1", child_runs_map={0: "f" * 32})
    assert t.BEST_TRIAL_RUN_ID not in store["mine"].tags
    assert store["told"].tags[t.BEST_TRIAL_RUN_ID] == "f" * 32


def test_the_best_checkpoint_is_kept_under_an_exact_name(store, tmp_path, checkpoint, capsys):
    """The archive and its manifest lie where they are looked for; paths are taken as they are given."""
    study = studied([0.1, 0.9])
    (tmp_path / "hpo" / "trial_1_abc" / "refit").mkdir(parents=True)
    checkpoint.rename(tmp_path / "hpo" / "trial_1_abc" / "refit" / "checkpoint")
    tracker = MLflowSweepTracker()
    with tracker.start_sweep_run("kept", HPO, "bert"):
        assert tracker.log_best_checkpoint(
            study, tmp_path / "hpo", "bert", refit_ok=True, config_dir=tmp_path / "nowhere"
        )
    run = store["kept"]
    assert {"best_trial_checkpoint.tar.gz", "best_trial_checkpoint_manifest.json"} == set(run.artifacts)
    with tarfile.open(fileobj=io.BytesIO(run.artifacts["best_trial_checkpoint.tar.gz"])) as archive:
        assert {"best_trial_checkpoint/model.safetensors", "best_trial_checkpoint/config.json"} == set(
            archive.getnames()
        )
    manifest = json.loads(run.artifacts["best_trial_checkpoint_manifest.json"])
    assert (1, 2) == (manifest["trial_number"], manifest["file_count"])
    assert ("true", "true") == (run.tags[t.ARTIFACT_AVAILABLE], run.tags[t.REFIT_COMPLETED])
    assert study.user_attrs["checkpoint_uploaded"] is True
    assert 1 == study.user_attrs["best_trial_number"]
    assert "project root" not in capsys.readouterr().err


def test_the_refits_run_gets_the_checkpoint(store, checkpoint):
    """It goes to the refit's run if there is one, and both runs say that it is there."""
    tracker = MLflowSweepTracker()
    with tracker.start_sweep_run("parent", HPO, "bert") as handle:
        refit_id, _ = create_child_run_core(handle, "refit", additional_tags={t.STAGE: "training"})
        assert terminate_run_safe(refit_id)
        assert tracker.log_best_checkpoint(
            studied([0.5]), None, prefer_checkpoint_dir=checkpoint, refit_run_id=refit_id
        )
    parent, refit = store.named("parent", "refit")
    assert {} == parent.artifacts
    assert "best_trial_checkpoint.tar.gz" in refit.artifacts
    assert {"true"} == {run.tags[t.ARTIFACT_AVAILABLE] for run in (parent, refit)}
    assert "FINISHED" == refit.status


def test_a_checkpoint_that_is_not_there_is_not_said_to_be(store, tmp_path, capsys):
    """No archive, no tag, no word in the study; one line says where was looked."""
    tracker, study = MLflowSweepTracker(), studied([0.5])
    with tracker.start_sweep_run("without", HPO, "bert"):
        assert not tracker.log_best_checkpoint(study, tmp_path)
    assert "false" == store["without"].tags[t.ARTIFACT_AVAILABLE]
    assert {} == study.user_attrs
    assert str(tmp_path) in capsys.readouterr().err


def test_a_blank_name_is_refused(store):
    """A run without a name cannot be opened, and an experiment neither."""
    for name in (None, "", " "):
        with pytest.raises(ConfigError), MLflowSweepTracker().start_sweep_run(name, HPO, "bert"):
            pass
    with pytest.raises(ConfigError):
        MLflowSweepTracker(" ")
    assert [] == store.runs


def test_bad_configs_do_not_reach_the_users_code(store):
    """Whatever the configs are, the block runs, once."""
    tracker, ran = MLflowSweepTracker(), []
    with tracker.start_sweep_run("odd", 7, object(), data_config=object(), train_config=object()) as handle:
        ran.append(1)
        tracker.log_final_metrics(object(), "f1")
        tracker.log_best_checkpoint(None, 3)
    assert [1] == ran
    assert handle.run_id
    assert "FINISHED" == store["odd"].status
