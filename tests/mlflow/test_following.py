import os

import mlflow
import pytest

from tracked.mlflow import following
from tracked.mlflow.client import client_for
from tracked.mlflow.following import TrackedExperiment, follow
from tracked.mlflow.stores import artifact_root, database_of


@pytest.fixture(autouse=True)
def nothing_followed(clean_mlflow, monkeypatch):
    """No set-up of another test is left."""
    monkeypatch.setattr(TrackedExperiment, "followed", None)


def experiment_of(run):
    """The name of its experiment."""
    return mlflow.get_experiment(run.info.experiment_id).name


def test_raw_calls_follow_the_set_up(sqlite_uri, templates):
    """After the set-up a plain ``mlflow.start_run`` goes to its store and experiment, artifacts included."""
    follow(sqlite_uri, "ner", templates)
    assert sqlite_uri == mlflow.get_tracking_uri()
    assert client_for(sqlite_uri).get_experiment_by_name("ner") is None  # nothing was asked of the store
    with mlflow.start_run() as run:
        pass
    assert "ner" == experiment_of(run)
    assert run.info.artifact_uri.startswith(f"{artifact_root(sqlite_uri)}/ner/")


def test_another_set_up_switches_cleanly(tmp_path, templates):
    """Neither store nor experiment of the set-up before is left behind, nor what ``set_experiment`` had set."""
    follow(f"sqlite:///{tmp_path}/one.db", "one", templates)
    mlflow.set_experiment("by hand")
    follow(f"sqlite:///{tmp_path}/two.db", "two", templates)
    with mlflow.start_run() as run:
        pass
    assert "two" == experiment_of(run)
    assert "MLFLOW_EXPERIMENT_ID" not in os.environ


def test_what_the_person_says_later_wins(sqlite_uri, templates):
    """``set_experiment`` after the set-up is obeyed."""
    follow(sqlite_uri, "ner", templates)
    mlflow.set_experiment("by hand")
    with mlflow.start_run() as run:
        pass
    assert "by hand" == experiment_of(run)


def test_an_experiment_of_the_environment_is_renamed(sqlite_uri, templates, monkeypatch):
    """``MLFLOW_EXPERIMENT_NAME`` would win over the set-up: it follows too, for subprocesses as well."""
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "environment")
    follow(sqlite_uri, "ner", templates)
    with mlflow.start_run() as run:
        pass
    assert "ner" == experiment_of(run)


def test_without_an_experiment_the_active_one_stays(sqlite_uri, templates):
    """Following a store alone leaves what the person made active."""
    follow(sqlite_uri, None, templates)
    mlflow.set_experiment("by hand")
    follow(sqlite_uri, None, templates)
    with mlflow.start_run() as run:
        pass
    assert "by hand" == experiment_of(run)


def test_another_store_is_none_of_our_business(tmp_path, sqlite_uri, templates):
    """Where the person moves MLflow elsewhere, our experiment does not follow."""
    follow(sqlite_uri, "ner", templates)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/other.db")
    assert not TrackedExperiment().in_context()


def test_an_mlflow_that_is_not_loaded_stays_so(mocker, sqlite_uri):
    """Without a loaded MLflow nothing happens, not even a database."""
    mocker.patch.object(following.loaded, "module", return_value=None)
    follow(sqlite_uri, "ner")
    assert not database_of(sqlite_uri).exists()
