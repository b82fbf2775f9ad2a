from pathlib import Path

import pytest

from tracked.errors import ConfigError
from tracked.mlflow.uris import normalise


@pytest.fixture
def old_store(tmp_path):
    """A folder as MLflow's file store left it."""
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("name: Default")
    return tmp_path / "mlruns"


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("sqlite:///mlflow.db", "sqlite:////w/mlflow.db"),
        ("sqlite:///a/../mlflow.db?timeout=5", "sqlite:////w/mlflow.db?timeout=5"),
        ("sqlite:////abs/mlflow.db", "sqlite:////abs/mlflow.db"),
        ("file:./mlruns", "sqlite:////w/mlruns/mlflow.db"),
        ("file:///abs/my%20runs", "sqlite:////abs/my runs/mlflow.db"),
        ("mlruns", "sqlite:////w/mlruns/mlflow.db"),
        ("./runs.db", "sqlite:////w/runs.db"),
        ("  http://host:5000/path ", "http://host:5000/path"),
        ("https://user:pw@host", "https://user:pw@host"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
        (
            "azureml://x.api.azureml.ms/mlflow/v1.0/subscriptions/s",
            "azureml://x.api.azureml.ms/mlflow/v1.0/subscriptions/s",
        ),
        ("postgresql+psycopg2://u:p@h/db", "postgresql+psycopg2://u:p@h/db"),
    ],
)
def test_uris_become_absolute(uri, normal):
    """Each way to write a store has one absolute form, and servers are left alone."""
    assert normal == normalise(uri, Path("/w"))


@pytest.mark.parametrize(
    ("uri", "advice"),
    [
        ("", "empty"),
        ("localhost:5000", "http://localhost:5000"),
        ("127.0.0.1:5000/x", "http://127.0.0.1:5000"),
        ("http:///x", "no host"),
        ("sqlite:mlflow.db", "sqlite:///mlflow.db"),
        ("sqlite://mlflow.db", "sqlite:///mlflow.db"),
        ("sqlite:///:memory:", "one process"),
        ("sqlite://", "three slashes"),
        ("s3://bucket/x", "no tracking URI"),
        ("htttp://host", "'http'"),
        ("file://host/share", "file:///"),
    ],
)
def test_a_bad_uri_says_what_is_wrong(uri, advice, tmp_path):
    """A URI that is none is refused with what was probably meant."""
    with pytest.raises(ConfigError, match=advice):
        normalise(uri, tmp_path)


def test_a_database_named_as_a_folder_is_refused(tmp_path):
    """A sqlite URI of a folder says which file was probably meant."""
    with pytest.raises(ConfigError, match=r"mlflow\.db"):
        normalise("sqlite:///.", tmp_path)


@pytest.mark.parametrize("uri", ["file:./mlruns", "mlruns"])
def test_old_runs_are_honoured(uri, old_store, tmp_path):
    """A folder with runs of the old file store stays a file store."""
    assert old_store.as_uri() == normalise(uri, tmp_path)


def test_a_migrated_folder_is_a_database(old_store, tmp_path):
    """Once the old runs were moved to a database in the folder, that is the store."""
    (old_store / "mlflow.db").touch()
    assert f"sqlite:///{old_store}/mlflow.db" == normalise("file:./mlruns", tmp_path)


@pytest.mark.parametrize(
    "uri",
    [
        "htp://ada:swordfish@host:5000",
        "ada:swordfish@host:5000",
        "s3://ada:swordfish@bucket",
        "http://ada:swordfish@",
    ],
)
def test_no_login_is_in_a_complaint(uri, tmp_path):
    """A URI that is none is told without the password that it holds."""
    with pytest.raises(ConfigError) as told:
        normalise(uri, tmp_path)
    assert "swordfish" not in str(told.value)
