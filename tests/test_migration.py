"""Moving over from the former system: the table is whole, and every name of the seed works on real stores."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna
import pytest
from mlflow import MlflowClient

import tracked
from tests.stores import read_run
from tracked import (
    MLflowBenchmarkTracker,
    MLflowConversionTracker,
    MLflowSweepTracker,
    MLflowTrainingTracker,
    create_mlflow_run,
    find_mlflow_runs,
    get_mlflow_run_url,
    get_or_compute_study_key_hash,
    get_or_compute_trial_key_hash,
    setup_mlflow,
)
from tracked import tags as t
from tracked.errors import ConfigError, RunNotFound
from tracked.runs import create_child_run, create_run_safe, get_or_create_experiment, resolve_experiment_id

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "migrate-from-infrastructure-tracking.md"

FORMER = re.findall(
    r"\w+",
    """
setup_mlflow setup_mlflow_from_config setup_mlflow_cross_platform detect_platform create_ml_client_from_config
load_mlflow_config get_tracking_config create_mlflow_run create_child_run create_child_run_core
create_run_safe get_or_create_experiment resolve_experiment_id RunHandle RunLookupReport
create_training_mlflow_run setup_mlflow_tracking_env patches find_mlflow_runs find_mlflow_run
find_run_by_trial_id query_runs_by_tags find_best_run_by_metric group_runs_by_variant log_artifact_safe
log_artifacts_safe upload_checkpoint_archive create_checkpoint_archive ArtifactUploader
upload_training_artifacts upload_conversion_artifacts upload_benchmark_artifacts upload_hpo_artifacts
apply_azureml_artifact_patch MLflowSweepTracker MLflowTrainingTracker MLflowBenchmarkTracker
MLflowConversionTracker get_or_compute_study_key_hash get_or_compute_trial_key_hash
get_study_key_hash_from_run get_trial_key_hash_from_run get_study_family_hash_from_run build_hpo_study_key_v2
build_mlflow_run_name NamingContext create_naming_context build_mlflow_tags load_tags_registry TagKeyError
terminate_run_safe ensure_run_terminated terminate_run_with_tags get_mlflow_run_url retry_with_backoff
get_mlflow_run_id
    """,
)
"""Every public name of the seed, and of what is known of the former system."""


def rows() -> Iterator[tuple[str, str]]:
    """Old and new import of each row of the table."""
    table = PAGE.read_text(encoding="utf-8").partition("## Imports")[2].partition("\n## ")[0]
    for line in table.splitlines():
        old, new = ([cell.strip() for cell in line.split("|")] + [""] * 3)[1:3]
        if new and not set(old) <= {"-"} and old != "before":
            yield old.strip("`"), new.strip("`")


def found(path: str) -> Any:
    """What stands at the end of a dotted path, the modules on the way imported."""
    thing: Any = importlib.import_module(path.partition(".")[0])
    for name in path.split(".")[1:]:
        if isinstance(thing, ModuleType) and not hasattr(thing, name):
            importlib.import_module(f"{thing.__name__}.{name}")
        thing = getattr(thing, name)
    return thing


@pytest.mark.parametrize("new", sorted({new for _, new in rows() if new != "—"}))
def test_each_new_import_is_there(new: str) -> None:
    """What the table names can be imported, and says what it is."""
    assert (found(new).__doc__ or "").strip()


def test_the_table_has_every_former_name() -> None:
    """Each public name of the seed and of the former system has its row; nothing is left to be searched for."""
    listed = [old.rpartition(".")[2] for old, _ in rows()]
    assert [] == [name for name in FORMER if name not in listed]


def test_the_former_tags_are_the_ones_that_are_read() -> None:
    """What the page says of tags is what the table of tags does."""
    page = PAGE.read_text(encoding="utf-8")
    former = {name for names in t.READ_AS.values() for name in names}
    named = {name for name in re.findall(r"`(code\.[\w.]+)`", page) if "*" not in name}
    unread = {"code.env", "code.spec_fp", "code.exec_fp", "code.variant", "code.parent_run_id"}
    assert named - unread <= former


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.server)])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A local store, and a server."""
    if request.param == "server":
        return str(request.getfixturevalue("server_uri"))
    return f"sqlite:///{tmp_path}/store/mlflow.db"


HPO = {"objective": {"metric": "f1", "goal": "maximize"}, "sampling": {"max_trials": 2}}
DATA, TRAIN = {"name": "resumes", "version": "v1"}, {"epochs": 3}


def the_work(folder: Path) -> Any:
    """A sweep, the final training, its conversion and its benchmark: by hand, with every tracker."""
    (folder / "model.onnx").write_bytes(b"onnx")
    sweeps, trainings = MLflowSweepTracker("seed"), MLflowTrainingTracker("seed")
    conversions, benchmarks = MLflowConversionTracker("seed"), MLflowBenchmarkTracker("seed")
    study = optuna.create_study(direction="maximize")
    with sweeps.start_sweep_run("sweep", HPO, "distilbert", data_config=DATA, train_config=TRAIN) as sweep:
        for number in range(2):
            trial = study.ask()
            with create_child_run(sweep, number, additional_tags={"k": "v"}) as run:
                value = trial.suggest_float("lr", 0.0, 1.0)
                run.log({"f1": value})
                study.tell(trial, value)
        sweeps.log_final_metrics(study, "f1", sweep)
    with trainings.start_training_run("final", "distilbert", parent_run_id=sweep) as training:
        trainings.log_training_metrics({"f1": 0.9})
    with conversions.start_conversion_run("convert", "onnx", training):
        conversions.log_conversion_results(True, folder / "model.onnx", 1.0)
    with benchmarks.start_benchmark_run(
        "bench", "distilbert", parent_run_id=training, hpo_sweep_run_id=sweep
    ):
        benchmarks.log_benchmark_results([1], 10, 1, 128, benchmark_data={"batch_1": {"mean_ms": 5.0}})
    return sweep


def test_every_name_of_the_seed_works(uri: str, tmp_path: Path) -> None:
    """Set-up, runs, finding, trackers, keys and addresses do what the seed says, and MLflow alone reads the result."""
    tracked.configure(shipper="thread")
    assert uri == setup_mlflow(experiment_name="seed", tracking_uri=uri)
    sweep = the_work(tmp_path)
    with create_mlflow_run(run_name="by hand", tags={"stage": "training", "backbone": "distilbert"}) as run:
        tracked.track.log(f1=0.85)

    (hpo,) = find_mlflow_runs("seed", "tags.stage = 'hpo' AND metrics.best_f1 > 0")
    runs = {run.info.run_name: run for run in find_mlflow_runs(experiment_name="seed")}
    assert {"sweep", "trial_0", "trial_1", "final", "convert", "bench", "by hand"} == set(runs)
    parents = {name: run.data.tags.get(t.MLFLOW_PARENT) for name, run in runs.items()}
    ids = {name: run.info.run_id for name, run in runs.items()}
    assert {hpo.info.run_id} == {parents[name] for name in ("trial_0", "trial_1", "final")}
    assert {ids["final"]} == {parents[name] for name in ("convert", "bench")}
    assert hpo.data.params["best_trial_run_id"] in (ids["trial_0"], ids["trial_1"])
    assert ids["sweep"] == runs["bench"].data.tags[t.HPO_SWEEP_RUN]
    assert {"FINISHED"} == {run.info.status for run in runs.values()}
    assert b"onnx" == read_run(MlflowClient(uri), ids["convert"]).artifacts["onnx_model/model.onnx"]

    study = get_or_compute_study_key_hash(hpo_parent_run_id=hpo.info.run_id)
    computed = get_or_compute_study_key_hash(
        data_config=DATA, hpo_config=HPO, train_config=TRAIN, backbone="distilbert"
    )
    assert study == computed == sweep.study_key_hash
    assert get_or_compute_trial_key_hash(study_key_hash=study, hyperparameters={"lr": 0.5})
    assert run.url == get_mlflow_run_url(run.info.experiment_id, run.id)
    _check_experiments(run)


def _check_experiments(run: Any) -> None:
    ours = run.info.experiment_id
    assert ours == get_or_create_experiment("seed") == resolve_experiment_id("seed")
    assert ours == resolve_experiment_id("elsewhere", run.id) == resolve_experiment_id(active_run=run)
    for wrong in ({"experiment_name": "no such"}, {"parent_run_id": "f" * 32}, {}):
        with pytest.raises(RunNotFound):
            resolve_experiment_id(**wrong)
    assert create_run_safe("987654321", "x") is None


def test_a_child_run_ends_as_it_happened(tmp_path: Path) -> None:
    """The former one was FINISHED whatever its body raised."""
    tracked.configure(shipper="thread")
    setup_mlflow("children", tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")

    def work() -> None:
        with create_mlflow_run("parent") as parent, create_child_run(parent, 3):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    runs = {run.info.run_name: run for run in find_mlflow_runs()}
    assert {"parent": "FAILED", "trial_3": "FAILED"} == {n: run.info.status for n, run in runs.items()}
    assert ("3", "hpo_trial") == tuple(runs["trial_3"].data.tags[key] for key in (t.TRIAL_NUMBER, t.STAGE))


@pytest.mark.parametrize("name", [None, "", "  "])
def test_a_blank_name_is_refused(name: Any) -> None:
    """At the call and before anything runs; MLflow itself is not patched for it."""
    with pytest.raises(ConfigError, match="name"), create_mlflow_run(name):
        pass
    with pytest.raises(ConfigError, match="name"):
        get_or_create_experiment(name)
