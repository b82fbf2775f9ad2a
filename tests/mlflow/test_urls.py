from urllib.request import urlopen

import pytest

import tracked
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.urls import run_url, store_url
from tracked.records import Opened

PAGE = "#/experiments/3/runs/abc?workflowType=machine_learning"
"""Without the query, MLflow 3 opens its GenAI view."""
AZURE = (
    "azureml://eastus.api.azureml.ms/mlflow/v1.0/subscriptions/S/resourceGroups/G"
    "/providers/Microsoft.MachineLearningServices/workspaces/W"
)


BEHIND_A_HOST = (
    "azureml://host/subscriptions/S/resourcegroups/G/providers/Microsoft.MachineLearningServices/workspaces/W"
)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://host:5000", f"http://host:5000/{PAGE}"),
        ("https://host/base/", f"https://host/base/{PAGE}"),
        ("https://user:secret@host/?token=secret", f"https://host/{PAGE}"),
        ("sqlite:////data/mlflow.db", "mlflow ui --backend-store-uri sqlite:////data/mlflow.db"),
        ("sqlite:////my data/mlflow.db", "mlflow ui --backend-store-uri 'sqlite:////my data/mlflow.db'"),
        ("file:///data/mlruns", "mlflow ui --backend-store-uri file:///data/mlruns"),
        ("postgresql://user:secret@host/db", "mlflow ui --backend-store-uri postgresql://host/db"),
        (AZURE, "https://ml.azure.com/runs/abc?wsid=/subscriptions/S/resourcegroups/G/workspaces/W"),
        (BEHIND_A_HOST, "https://ml.azure.com/runs/abc?wsid=/subscriptions/S/resourcegroups/G/workspaces/W"),
        ("azureml://host/no/workspace", "run abc of experiment 3 in azureml://host/no/workspace"),
        ("databricks", "run abc of experiment 3 in databricks"),
    ],
)
def test_a_run_can_be_seen(uri, shown):
    """Each store has a link or a command that shows the run, and no credentials are in it."""
    assert shown == run_url(uri, "3", "abc")


def test_the_link_leads_to_the_run(server_uri, templates):
    """The server that the link names knows the run."""
    made = MlflowBackend(server_uri, templates).create(Opened("f" * 32, 1, "n", "links"), None)
    assert run_url(server_uri, made.experiment_id, made.run_id).startswith(f"{server_uri}/#/experiments/")


@pytest.mark.server
def test_the_page_of_the_link_is_served(server_uri, templates):
    """What stands before the ``#`` is the page of MLflow's UI, and its script reads the query that we add."""
    made = MlflowBackend(server_uri, templates).create(Opened("e" * 32, 1, "n", "links"), None)
    page = run_url(server_uri, made.experiment_id, made.run_id).partition("#")[0]
    with urlopen(page, timeout=30) as answer:
        assert b'<div id="root"' in answer.read()


@pytest.mark.parametrize("experiment", ["0", "12"])
def test_the_public_function_asks_the_store_of_the_set_up(tmp_path, experiment):
    """A local store gives the command that shows it, with the store's own address."""
    tracked.setup_mlflow("urls", tracking_uri=f"sqlite:///{tmp_path}/a b.db")
    assert f"mlflow ui --backend-store-uri 'sqlite:///{tmp_path}/a b.db'" == tracked.get_mlflow_run_url(
        experiment, "f" * 32
    )


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://u:p@host:5000/x", "http://host:5000/x/#/experiments?workflowType=machine_learning"),
        ("sqlite:////tmp/mlflow.db", "mlflow ui --backend-store-uri sqlite:////tmp/mlflow.db"),
        (AZURE, ""),
        ("databricks", ""),
    ],
)
def test_a_store_is_found_before_a_run_of_it_is_known(uri, told):
    """A server's experiments, or the command that shows a local store; stores with pages of their own tell none."""
    assert told == store_url(uri)
