"""MLflow's plugin in every process: what is set, what travels, and what is left alone."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from tracked.azure import bind, credentials
from tracked.errors import BackendUnavailable

SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
URI = f"azureml://eastus.api.azureml.ms/mlflow/v2.0{SCOPE}"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch):
    """Nothing is bound, and what a test sets in the environment goes."""
    monkeypatch.setattr(bind, "_bound", {})
    yield
    bind.unsettle()


@pytest.fixture
def registered(mocker):
    """What was given to the plugin, which is taken to be installed."""
    mocker.patch("tracked.installed.version_of", return_value="1.62.0")
    mocker.patch.object(credentials, "made_from", side_effect=lambda reference, _: f"by {reference}")
    return mocker.patch.object(bind, "_register")


def test_a_uri_says_its_workspace() -> None:
    """Both forms of Azure's URIs do; one without a workspace says none."""
    expected = ("eastus.api.azureml.ms", "s", "g", "w")
    assert expected == bind.workspace_of(URI)
    assert expected == bind.workspace_of(URI.replace("v2.0", "v1.0") + "?x=1")
    assert bind.workspace_of("azureml://x") is None


@pytest.mark.parametrize(
    ("host", "cloud"),
    [
        ("eastus.api.azureml.ms", "AzureCloud"),
        ("usgovvirginia.api.ml.azure.us", "AzureUSGovernment"),
        ("chinaeast2.api.ml.azure.cn", "AzureChinaCloud"),
    ],
)
def test_the_cloud_follows_from_the_host(host: str, cloud: str) -> None:
    """So that the plugin need not ask for the list of them all."""
    bind.settle(URI.replace("eastus.api.azureml.ms", host))
    assert cloud == os.environ["AZUREML_CURRENT_CLOUD"]


def test_what_a_person_set_stays_and_ours_goes(monkeypatch) -> None:
    """Links, traces and time-outs are as Azure needs them, unless somebody chose; elsewhere all is as before."""
    monkeypatch.setenv("AZUREML_ARTIFACTS_DEFAULT_TIMEOUT", "5")
    before = dict(os.environ)
    bind.settle(URI, "cli")
    assert "5" == os.environ["AZUREML_ARTIFACTS_DEFAULT_TIMEOUT"]
    assert ("true", "0", "cli") == (
        os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"],
        os.environ["MLFLOW_TRACE_SAMPLING_RATIO"],
        os.environ[bind.REFERENCE],
    )
    bind.unsettle()
    assert before == dict(os.environ)


def test_another_store_has_its_own_cloud_and_credential() -> None:
    """What was set for the store before does not stay: not its cloud, nor a credential that is not the new client's."""
    bind.settle_cloud()
    bind.settle(URI, "cli")
    bind.settle(URI.replace("eastus.api.azureml.ms", "usgovvirginia.api.ml.azure.us"), "")
    assert "AzureUSGovernment" == os.environ["AZUREML_CURRENT_CLOUD"]
    assert bind.REFERENCE not in os.environ


def test_a_reference_that_a_person_set_stays(monkeypatch) -> None:
    """It is not ours to take back."""
    monkeypatch.setenv(bind.REFERENCE, "managed-identity")
    bind.settle(URI, "")
    assert "managed-identity" == os.environ[bind.REFERENCE]


def test_a_store_is_one_clients_workspace() -> None:
    """All three names count, in any case of their letters."""
    client = SimpleNamespace(subscription_id="S", resource_group_name="g", workspace_name="w")
    assert bind.is_of(URI, client)
    assert bind.is_of(URI.replace("/workspaces/w", "/workspaces/W"), client)
    client.resource_group_name = "another"
    assert not bind.is_of(URI, client)
    assert not bind.is_of("sqlite:///x.db", client)


def test_a_credential_is_bound_once_in_a_process(registered) -> None:
    """By its reference; the second client of the same store asks nobody."""
    for _ in range(2):
        bind.bind(URI, {bind.REFERENCE: "cli"})
    ((_, workspace, credential),) = [call.args for call in registered.call_args_list]
    assert ("w", "by cli") == (workspace.name, credential)


def test_a_forked_process_binds_again(registered, mocker) -> None:
    """Its parent's connections are no good to it."""
    bind.bind(URI, {bind.REFERENCE: "cli"})
    mocker.patch.object(bind.os, "getpid", return_value=-1)
    bind.bind(URI, {bind.REFERENCE: "cli"})
    assert 2 == registered.call_count


def test_what_the_client_has_bound_stays(registered) -> None:
    """The plugin has the credential of the ``ml_client`` already."""
    bind.is_bound(URI)
    bind.bind(URI, {})
    assert not registered.called


def test_the_token_of_a_job_is_the_plugins_affair(registered) -> None:
    """Inside a job the plugin renews it by itself."""
    bind.bind(URI, dict.fromkeys(("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_ID"), "x"))
    assert not registered.called


def test_other_stores_are_left_alone(registered) -> None:
    """Nothing is bound for them."""
    bind.bind("sqlite:///x.db", {})
    assert not registered.called
    assert "" == bind.problem("http://x")


def test_without_the_plugin_it_says_so(mocker) -> None:
    """MLflow's own message speaks of a model registry."""
    mocker.patch("tracked.installed.version_of", return_value="")
    with pytest.raises(BackendUnavailable, match=r'pip install "tracked\[azure\]"'):
        bind.bind(URI, {})


def test_the_reference_follows_from_the_kind_of_credential() -> None:
    """What can be made anew elsewhere on this machine travels; what cannot, does not."""

    class AzureCliCredential:
        pass

    client = SimpleNamespace(_credential=AzureCliCredential())
    assert "" == bind.reference_of(client)  # cannot be taken down: the class alone does not tell whose it is
    known = type("Client", (), {"_credential": AzureCliCredential()})()
    assert "cli" == bind.reference_of(known)
    assert "" == bind.reference_of(type("Client", (), {"_credential": object()})())


def test_an_identity_of_several_does_not_travel_by_its_kind() -> None:
    """A managed identity may be that of one client id, which another process would not take."""

    class ManagedIdentityCredential:
        pass

    assert "" == bind.reference_of(type("Client", (), {"_credential": ManagedIdentityCredential()})())
