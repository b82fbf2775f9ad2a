import pytest

from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.urls import run_url
from tracked.records import Opened

AZURE = (
    "azureml://eastus.api.azureml.ms/mlflow/v1.0/subscriptions/S/resourceGroups/G"
    "/providers/Microsoft.MachineLearningServices/workspaces/W"
)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://host:5000", "http://host:5000/#/experiments/3/runs/abc"),
        ("https://host/base/", "https://host/base/#/experiments/3/runs/abc"),
        ("https://user:secret@host/?token=secret", "https://host/#/experiments/3/runs/abc"),
        ("sqlite:////data/mlflow.db", "mlflow ui --backend-store-uri sqlite:////data/mlflow.db"),
        ("sqlite:////my data/mlflow.db", "mlflow ui --backend-store-uri 'sqlite:////my data/mlflow.db'"),
        ("file:///data/mlruns", "mlflow ui --backend-store-uri file:///data/mlruns"),
        ("postgresql://user:secret@host/db", "mlflow ui --backend-store-uri postgresql://host/db"),
        (AZURE, "https://ml.azure.com/runs/abc?wsid=/subscriptions/S/resourcegroups/G/workspaces/W"),
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
