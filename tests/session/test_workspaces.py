"""Azure ML as a store, where nothing of Azure is installed: the client and the plugin are as they answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import tracked
from tracked import session
from tracked.azure import bind, versions
from tracked.azure.versions import Mismatch
from tracked.errors import BackendUnavailable
from tracked.session import workspaces

SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
URI = f"azureml://eastus.api.azureml.ms/mlflow/v2.0{SCOPE}"


class AzureCliCredential:
    """As azure-identity calls it."""


class Client:
    """An ``MLClient`` as far as it is looked at."""

    workspace_name = "w"

    def __init__(self, credential: object = None, error: Exception | None = None) -> None:
        self._credential, self._error, self.workspaces = credential, error, self

    def get(self, _: str) -> SimpleNamespace:
        if self._error is not None:
            raise self._error
        return SimpleNamespace(mlflow_tracking_uri=URI)


@pytest.fixture
def plugin(mocker):
    """The plugin is installed."""
    yield mocker.patch("tracked.installed.version_of", return_value="1.62.0")
    bind.unsettle()


def test_a_client_leads_to_its_workspace(plugin) -> None:
    """The URI is its workspace's; what other processes need is in the environment, and that is no secret."""
    assert URI == tracked.setup_mlflow(ml_client=Client(AzureCliCredential()), fallback_to_local=False)
    assert ("cli", "AzureCloud") == (os.environ[bind.REFERENCE], os.environ["AZUREML_CURRENT_CLOUD"])
    assert not session.current().crew.in_process


def test_a_credential_that_cannot_travel_stays_and_that_is_said(plugin, capsys) -> None:
    """A thread of this process delivers; the line names what would do better."""
    tracked.setup_mlflow(ml_client=Client(object()), fallback_to_local=False)
    assert session.current().crew.in_process
    assert "create_ml_client_from_config" in capsys.readouterr().err
    assert bind.REFERENCE not in os.environ


def test_another_identity_has_a_folder_of_its_own(plugin) -> None:
    """Records that one account may not deliver must not wait in another one's queue."""
    tracked.setup_mlflow(ml_client=Client(AzureCliCredential()))
    first = session.current().folder.path
    session.reset()
    os.environ[bind.REFERENCE] = "managed-identity"
    tracked.setup_mlflow(tracking_uri=URI)
    assert first != session.current().folder.path


@pytest.mark.parametrize("fallback", [True, False])
def test_without_the_plugin(monkeypatch, mocker, capsys, fallback) -> None:
    """The local store with one line, or the error, whichever was chosen; a run that cannot exist here is dropped."""
    mocker.patch("tracked.installed.version_of", return_value="")
    monkeypatch.setenv("MLFLOW_RUN_ID", "of-a-job")
    if not fallback:
        with pytest.raises(BackendUnavailable, match=r'pip install "tracked\[azure\]"'):
            tracked.setup_mlflow(tracking_uri=URI, fallback_to_local=False)
        assert "of-a-job" == os.environ["MLFLOW_RUN_ID"]
        return
    assert tracked.setup_mlflow(tracking_uri=URI).startswith("sqlite:")
    assert "MLFLOW_RUN_ID" not in os.environ
    assert "runs go to the local store" in capsys.readouterr().err


def test_a_workspace_that_refuses_is_explained(plugin) -> None:
    """What Azure raises is said as what to do."""
    error = RuntimeError("(AuthorizationFailed) The client does not have authorization to perform action")
    with pytest.raises(BackendUnavailable, match="AzureML Data Scientist"):
        tracked.setup_mlflow(ml_client=Client(error=error), fallback_to_local=False)


def test_what_was_set_for_azure_goes_with_it(plugin, tmp_path) -> None:
    """A local store that is chosen later has its links and traces again."""
    tracked.setup_mlflow(ml_client=Client(AzureCliCredential()))
    assert "MLFLOW_TRACE_SAMPLING_RATIO" in os.environ
    tracked.setup_mlflow(tracking_uri=f"sqlite:///{tmp_path}/x.db")
    assert "MLFLOW_TRACE_SAMPLING_RATIO" not in os.environ


def test_the_doctor_names_what_is_missing(mocker) -> None:
    """With the line that installs it; of versions that clash it says more only where they are used."""
    mocker.patch("tracked.installed.version_of", return_value="")
    (found,) = [each for each in workspaces.versions(URI) if each.level == "error"]
    assert 'pip install "tracked[azure]"' == found.cure
    old = Mismatch("old", "pip line", is_fatal=True)
    mocker.patch.object(versions, "mismatches", return_value=[old])
    assert [] == [each for each in workspaces.versions("sqlite:///x.db") if each.level == "error"]


def test_the_first_call_pays_nothing_for_azure() -> None:
    """What looks for versions and credentials is loaded where a store in Azure is used."""
    code = "import sys, tracked; tracked.setup_mlflow(); print(*(m for m in sys.modules if 'tracked.azure.' in m))"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = ("config", "credentials", "files", "troubles", "versions")
    assert not {f"tracked.azure.{name}" for name in heavy} & set(told)


def test_a_table_for_azure_is_no_unknown_setting(capsys) -> None:
    """``[azure]`` of ``tracked.toml`` names the workspace for ``create_ml_client_from_config``."""
    Path("tracked.toml").write_text('[azure]\nworkspace_name = "w"\n')
    tracked.setup_mlflow()
    assert "" == capsys.readouterr().err
