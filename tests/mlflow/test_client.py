import shutil
import threading

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS

from tracked.errors import BackendUnavailable, Refused
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for, experiment_id
from tracked.mlflow.stores import artifact_root, database_of
from tracked.mlflow.taming import tame_environment
from tracked.testing.contract import opened


def test_there_is_one_client_for_each_store(sqlite_uri, templates):
    """Eight threads that ask at once get the same client."""
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(client_for(sqlite_uri, templates))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 8 == len(got)
    assert 1 == len(set(map(id, got)))


def test_an_experiment_is_made_once(store_uri, templates):
    """The first call makes the experiment, the next finds it."""
    client = client_for(store_uri, templates)
    first = experiment_id(client, "once")
    assert first == experiment_id(client, "once")
    assert "once" == client.get_experiment(first).name


def test_artifacts_lie_beside_the_database(sqlite_uri, templates):
    """An experiment's artifacts lie in a folder named after it, whatever its name."""
    client = client_for(sqlite_uri, templates)
    made = client.get_experiment(experiment_id(client, "../Größe: 5%", artifact_root(sqlite_uri)))
    assert f"{artifact_root(sqlite_uri)}/-Größe--5-" == made.artifact_location


def test_a_lost_race_is_answered_by_the_winner(sqlite_uri, templates, mocker):
    """If another process makes the experiment between our look and our try, theirs is used."""
    client = client_for(sqlite_uri, templates)
    theirs = client.create_experiment("contested")
    found = client.get_experiment_by_name("contested")
    mocker.patch.object(client, "get_experiment_by_name", side_effect=[None, found])
    assert theirs == experiment_id(client, "contested")


def test_an_experiment_that_never_appears_is_trouble_of_the_store(mocker):
    """A store that says "exists" and finds nothing is not asked for ever."""
    client = mocker.Mock()
    client.get_experiment_by_name.return_value = None
    client.create_experiment.side_effect = MlflowException("exists", RESOURCE_ALREADY_EXISTS)
    with pytest.raises(BackendUnavailable, match="neither"):
        experiment_id(client, "ghost")


def test_a_deleted_experiment_says_how_to_restore_it(sqlite_uri, templates):
    """Runs cannot go to a deleted experiment; the message gives the command."""
    client = client_for(sqlite_uri, templates)
    made = experiment_id(client, "gone")
    client.delete_experiment(made)
    with pytest.raises(Refused, match=f"mlflow experiments restore -x {made}"):
        experiment_id(client, "gone")


def test_the_shipper_gives_up_at_once():
    """Retries are the shipper's own; a time-out that a person has set stays."""
    environ = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "300", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "7"}
    tame_environment(environ, "http://server")
    assert "http://server" == environ["MLFLOW_TRACKING_URI"]
    assert "0" == environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]
    assert "300" == environ["MLFLOW_HTTP_REQUEST_TIMEOUT"]


def test_an_unknown_store_is_refused():
    """MLflow's word that it does not know such a store reaches the caller as ours."""
    with pytest.raises((Refused, BackendUnavailable)):
        client_for("nowhere://at/all")


def test_a_database_that_was_removed_is_made_anew(sqlite_uri, templates):
    """Whoever deletes the local database and starts over gets a fresh one, also from a client that is warm."""
    backend = MlflowBackend(sqlite_uri, templates)
    backend.create(opened("before"), None)
    shutil.rmtree(database_of(sqlite_uri).parent)
    run = backend.create(opened("after"), None)
    backend.log(run.run_id, [], {"lr": "0.1"}, {})
    assert {"lr": "0.1"} == client_for(sqlite_uri).get_run(run.run_id).data.params
