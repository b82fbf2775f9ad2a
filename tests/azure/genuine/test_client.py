"""``create_ml_client_from_config`` with Azure's genuine packages: what works, and each way to fail."""

from __future__ import annotations

import pytest

import tracked
from tests.azure.emulator import names
from tracked.azure.bind import reference_of
from tracked.errors import BackendUnavailable, LoginRefused

pytestmark = [
    pytest.mark.usefixtures("loaded"),
    pytest.mark.either_way("a client asks the log-in and the resource manager, never the tracking service"),
]


def test_the_environment_is_enough(azure) -> None:
    """A service principal and a workspace of the environment give a client that works; it can travel."""
    client = tracked.create_ml_client_from_config()
    assert names.WORKSPACE == client.workspaces.get(names.WORKSPACE).name
    assert "environment" == reference_of(client)
    assert names.ACCOUNT == client.datastores.get_default().account_name


def test_the_question_is_asked_once(azure) -> None:
    """One request for the workspace, one token, and nothing else."""
    tracked.create_ml_client_from_config()
    asked = [each for each in azure.log(names.MANAGEMENT) if each.path.endswith(names.WORKSPACE)]
    assert 1 == len(asked)
    assert 1 == len(azure.log("/oauth2/v2.0/token"))
    assert [] == azure.log("/metadata/endpoints")


@pytest.mark.parametrize(
    ("variable", "value", "kind", "message"),
    [
        ("AZURE_CLIENT_SECRET", "wrong", LoginRefused, "AADSTS7000215, the client secret is wrong"),
        ("AZUREML_WORKSPACE_NAME", "nope", BackendUnavailable, r"workspace_name nope \(the environment\)"),
        ("AZURE_RESOURCE_GROUP", "nope", BackendUnavailable, "the resource group of .*resource_group nope"),
        ("AZURE_SUBSCRIPTION_ID", "0" * 8, BackendUnavailable, "the subscription of"),
    ],
)
def test_what_is_wrong_is_named(azure, monkeypatch, variable, value, kind, message) -> None:
    """The genuine exceptions of a wrong secret or name become one line that says which."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(kind, match=message) as raised:
        tracked.create_ml_client_from_config()
    assert "\n" not in str(raised.value)
    assert names.CLIENT_SECRET not in str(raised.value)


def test_a_missing_role_is_named(azure) -> None:
    """403 of the resource manager is the account's rights, not its log-in."""
    body = '{"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization"}}'
    azure.fault(
        f"GET {names.MANAGEMENT}", 403, body=body, headers={"Content-Type": "application/json"}, times=9
    )
    with pytest.raises(LoginRefused, match="AzureML Data Scientist"):
        tracked.create_ml_client_from_config()


def test_nobody_is_asked_in_a_batch_job(azure, monkeypatch) -> None:
    """Without any log-in it ends, with what was tried; no code and no browser."""
    for name in azure.login:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", "")  # no `az`
    with pytest.raises(LoginRefused, match="tried managed-identity, cli"):
        tracked.create_ml_client_from_config()
    assert [] == azure.log("devicecode") + azure.log("authorize")


def test_a_dotenv_logs_in(azure, monkeypatch, tmp_path) -> None:
    """The secret stays in its file: neither the environment nor the reference has it."""
    path = tmp_path / "config.env"
    path.write_text("".join(f"{name}={value}\n" for name, value in azure.login.items()))
    for name in azure.login:
        monkeypatch.delenv(name)
    client = tracked.create_ml_client_from_config(env_file=path)
    assert f"env-file:{path}" == reference_of(client)
