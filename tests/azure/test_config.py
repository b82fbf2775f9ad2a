"""Which workspace is meant: many places, one order, and each value says where it came from."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tracked.azure.config import AzureConfig, resolve
from tracked.errors import ConfigError

SUBSCRIPTION = "11111111-2222-3333-4444-555555556789"
WHOLE = {"subscription_id": SUBSCRIPTION, "resource_group": "rg", "workspace_name": "ws"}


def named(name: str) -> dict[str, str]:
    """A workspace of this name in a group of this name."""
    return {**WHOLE, "resource_group": name, "workspace_name": name}


def variables(name: str) -> dict[str, str]:
    """The same as the environment has it."""
    return {
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        "AZURE_RESOURCE_GROUP": name,
        "AZUREML_WORKSPACE_NAME": name,
    }


def test_the_order_of_places_is_kept(tmp_path: Path) -> None:
    """Arguments beat a mapping, that beats named files, these the environment, that .env, that files found upwards."""
    folder, start = tmp_path / "config", tmp_path / "project" / "src"
    folder.mkdir()
    start.mkdir(parents=True)
    (start.parent / "config.json").write_text(json.dumps(named("found")))
    dotenv = tmp_path / ".env"
    dotenv.write_text("\n".join(f"{k}={v}" for k, v in variables("dotenv").items()))
    (folder / "config.json").write_text(json.dumps(named("file")))

    def found(config=None, **more) -> str:
        more.setdefault("environ", {})
        return resolve(config, cwd=start, **more).config.workspace_name

    assert "found" == found()
    assert "dotenv" == found(env_file=dotenv)
    assert "environment" == found(env_file=dotenv, environ=variables("environment"))
    assert "file" == found(folder, env_file=dotenv, environ=variables("environment"))
    assert "mapping" == found(named("mapping"), config_dir=folder, environ=variables("environment"))
    assert "argument" == found(named("mapping"), given={"workspace_name": "argument"})


def test_each_value_says_where_it_came_from(tmp_path: Path) -> None:
    """One line tells a person which place to correct."""
    (tmp_path / "config.json").write_text(json.dumps({"workspace_name": "ws"}))
    found = resolve(tmp_path, environ=variables("environment")).config
    assert str(tmp_path / "config.json") == found.origins["workspace_name"]
    assert "the environment" == found.origins["resource_group"]
    assert f"workspace_name ws ({tmp_path}/config.json)" in found.told


def test_files_of_the_former_system_are_read(tmp_path: Path) -> None:
    """``mlflow.yaml`` names the workspace, ``infrastructure.yaml`` the rest; what is a placeholder says nothing."""
    (tmp_path / "mlflow.yaml").write_text("azure_ml: {enabled: true, workspace_name: ws}\n")
    (tmp_path / "infrastructure.yaml").write_text(
        "azure: {subscription_id: '${AZURE_SUBSCRIPTION_ID}', resource_group: rg}\n"
    )
    found = resolve(config_dir=tmp_path, environ={"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}).config
    assert AzureConfig(**WHOLE) == found
    assert "the environment" == found.origins["subscription_id"]


def test_what_is_switched_off_is_not_asked_for(tmp_path: Path) -> None:
    """``enabled: false`` needs no workspace."""
    (tmp_path / "mlflow.yaml").write_text("azure_ml: {enabled: false}\n")
    assert not resolve(tmp_path, environ={}).is_enabled


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "tracked.toml",
            f'[azure]\nsubscription_id = "{SUBSCRIPTION}"\nresource_group = "rg"\nworkspace_name = "ws"\n',
        ),
        ("config.json", json.dumps(WHOLE)),
        (".azureml/config.json", json.dumps(WHOLE)),
        (
            "aml_config/project.json",
            json.dumps(
                {"Scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/x/workspaces/ws"}
            ),
        ),
    ],
)
def test_every_kind_of_file_is_found_upwards(tmp_path: Path, name: str, content: str) -> None:
    """From a folder below, as Azure's own client would, and ours."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    assert AzureConfig(**WHOLE) == resolve(environ={}, cwd=tmp_path / "deep" / "er").config


def test_a_job_knows_its_workspace() -> None:
    """Inside a job of Azure ML its own variables do; the person's beat them."""
    job = {
        "AZUREML_ARM_SUBSCRIPTION": SUBSCRIPTION,
        "AZUREML_ARM_RESOURCEGROUP": "rg",
        "AZUREML_ARM_WORKSPACE_NAME": "ws",
    }
    assert AzureConfig(**WHOLE) == resolve(environ=job).config
    assert "mine" == resolve(environ={**job, "AZUREML_WORKSPACE_NAME": "mine"}).config.workspace_name


def test_objects_with_the_attributes_do() -> None:
    """An ``AzureConfig``, or the config object of a project."""
    assert AzureConfig(**WHOLE) == resolve(AzureConfig(**WHOLE), environ={}).config
    assert AzureConfig(**WHOLE) == resolve(SimpleNamespace(**WHOLE), environ={}).config


def test_what_is_missing_is_named_with_every_place(tmp_path: Path) -> None:
    """The message lists the places that were looked at and the variables that would do."""
    with pytest.raises(ConfigError) as raised:
        resolve(config_dir=tmp_path, environ={"AZURE_RESOURCE_GROUP": "rg"})
    said = str(raised.value)
    for part in (str(tmp_path), "the environment", "AZURE_SUBSCRIPTION_ID", "AZUREML_WORKSPACE_NAME", "rg"):
        assert part in said
    assert "AZURE_RESOURCE_GROUP" not in said


@pytest.mark.parametrize("wrong", [7, {"lr": 0.1}, "nowhere", object()])
def test_what_is_no_configuration_is_refused(wrong: object) -> None:
    """With a sentence, not a traceback of something deeper."""
    with pytest.raises(ConfigError):
        resolve(wrong, environ=variables("x"))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """It is the person's file that has to be corrected."""
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ConfigError, match=r"config\.json cannot be read"):
        resolve(tmp_path, environ={})


def test_it_shows_no_ids_and_keeps_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """``repr`` and the line for people shorten ids; a secret in a configuration is not read, and said to be so."""
    found = resolve({**WHOLE, "client_secret": "hunter2", "tenant_id": SUBSCRIPTION}, environ={})
    shown = repr(found.config) + found.config.told
    assert "...6789" in shown
    assert SUBSCRIPTION not in shown
    assert "hunter2" not in repr(vars(found.config)) + capsys.readouterr().err


def test_a_dotenv_is_read_only_if_asked_and_changes_no_environment(tmp_path: Path) -> None:
    """Log-ins in it are for the credential; the process's environment stays as it is."""
    (tmp_path / "config.env").write_text("# mine\nexport AZURE_CLIENT_SECRET='s'\nAZURE_CLIENT_ID=\"c\"\n")
    environ = variables("environment")
    assert "AZURE_CLIENT_SECRET" not in resolve(environ=environ, cwd=tmp_path).environ
    found = resolve(environ=environ, cwd=tmp_path, env_file=True)
    assert ("s", "c") == (found.environ["AZURE_CLIENT_SECRET"], found.environ["AZURE_CLIENT_ID"])
    assert variables("environment") == environ
