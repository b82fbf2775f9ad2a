import subprocess
import sys
from types import SimpleNamespace

import mlflow
import pytest

from tracked.errors import BackendUnavailable, ConfigError
from tracked.mlflow.setup import Configured, detect_platform, resolve_uri


def workspace(uri):
    """An MLClient, as far as it matters here."""
    got = SimpleNamespace(mlflow_tracking_uri=uri)
    return SimpleNamespace(workspace_name="w", workspaces=SimpleNamespace(get=lambda name: got))


@pytest.fixture
def resolve(tmp_path, clean_mlflow):
    """The resolver in a machine of its own."""

    def resolve(*args, environ=None, **kwargs):
        return resolve_uri(
            *args, root=tmp_path / "project", environ=environ or {}, cwd=tmp_path, top=tmp_path, **kwargs
        )

    return resolve


def test_the_strongest_origin_wins(resolve, tmp_path):
    """Explicit, then ml_client, configuration, environment, loaded MLflow and the local default."""
    environ = {"MLFLOW_TRACKING_URI": "http://environment"}
    client = workspace("azureml://workspace")
    configured = Configured("http://file", "configuration", tmp_path)
    mlflow.set_tracking_uri("http://loaded")
    assert ("http://explicit", "tracking_uri", "") == resolve(
        "http://explicit", client, configured, environ=environ
    )
    assert ("azureml://workspace", "ml_client", "") == resolve(None, client, configured, environ=environ)
    assert ("http://file", "configuration", "") == resolve(None, None, configured, environ=environ)
    assert ("http://environment", "MLFLOW_TRACKING_URI", "") == resolve(environ=environ)
    assert ("http://loaded", "mlflow.set_tracking_uri", "") == resolve()


def test_the_default_of_a_loaded_mlflow_does_not_count(resolve, tmp_path):
    """MLflow's own default moves with the working folder; ours lies in the project."""
    assert (f"sqlite:///{tmp_path}/project/mlflow.db", "default", "") == resolve()


def test_a_configured_path_starts_at_the_project(resolve, tmp_path):
    """A relative URI in the project's file means the same from every folder; one in code starts where one is."""
    configured = Configured("sqlite:///runs.db", "a file", tmp_path / "project")
    assert f"sqlite:///{tmp_path}/project/runs.db" == resolve(configured=configured).uri
    assert f"sqlite:///{tmp_path}/runs.db" == resolve("sqlite:///runs.db").uri


@pytest.mark.parametrize(
    ("environ", "drive", "folder"),
    [
        ({"COLAB_RELEASE_TAG": "x"}, True, "content/drive/MyDrive"),
        ({"COLAB_GPU": ""}, False, "content"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, False, "kaggle/working"),
    ],
)
def test_notebook_services_have_a_lasting_folder(environ, drive, folder, resolve, tmp_path):
    """On Colab the store lies on Drive if it is mounted, on Kaggle in the output folder."""
    if drive:
        (tmp_path / folder).mkdir(parents=True)
    assert f"sqlite:///{tmp_path}/{folder}/mlflow.db" == resolve(environ=environ).uri


@pytest.mark.parametrize(
    ("environ", "platform"),
    [
        ({}, "local"),
        ({"COLAB_RELEASE_TAG": "x", "AZUREML_RUN_ID": "r"}, "colab"),
        ({"COLAB_TPU": "1"}, "colab"),
        ({"KAGGLE_KERNEL_RUN_TYPE": ""}, "kaggle"),
        ({"AZUREML_RUN_ID": "r"}, "azure"),
        ({"AZURE_ML_RUN_ID": "r", "AZUREML_RUN_ID": ""}, "local"),
    ],
)
def test_the_platform_is_told_by_what_it_sets(environ, platform):
    """A job of Azure ML is known by the variable that Azure ML sets, not by one that nobody does."""
    assert platform == detect_platform(environ)


def test_old_runs_bring_a_hint(resolve, tmp_path):
    """Whoever still has a file store is told how to leave it."""
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").touch()
    assert "migrate-filestore" in resolve("file:./mlruns").hint


def test_a_bad_uri_names_its_origin(resolve):
    """The message says where the bad URI stands."""
    with pytest.raises(ConfigError, match="from MLFLOW_TRACKING_URI"):
        resolve(environ={"MLFLOW_TRACKING_URI": "localhost:5000"})


def test_what_is_wrong_with_ml_client_is_said(resolve):
    """Something that is no MLClient is the caller's mistake; a workspace that cannot be read is not."""
    with pytest.raises(ConfigError, match="no MLClient"):
        resolve(ml_client=object())
    with pytest.raises(ConfigError, match="no MLflow tracking URI"):
        resolve(ml_client=workspace(None))
    deaf = SimpleNamespace(workspace_name="w", workspaces=SimpleNamespace(get=lambda name: 1 / 0))
    with pytest.raises(BackendUnavailable, match="cannot be read"):
        resolve(ml_client=deaf)


def test_nothing_here_loads_mlflow():
    """Resolving, following, URLs and the stand-by of the run stack cost no import of MLflow."""
    code = (
        "import sys; from pathlib import Path\n"
        "from tracked.mlflow import setup, urls, guests, parent\n"
        "setup.follow(setup.resolve_uri(root=Path('.'), environ={}).uri, 'x')\n"
        "guests.install(lambda ref: None); guests.register_hook(); guests.active_plain_run()\n"
        "urls.run_url('http://h', '1', 'r')\n"
        "sys.exit(any(name == 'mlflow' or name.startswith('mlflow.') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
