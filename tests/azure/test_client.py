"""``create_ml_client_from_config``: one call from a configuration to a client that works."""

from __future__ import annotations

import os
import time

import pytest

import tracked
from tests.azure.fakes import Credential, ResourceNotFoundError
from tracked.azure import bind
from tracked.azure.bind import reference_of
from tracked.errors import BackendUnavailable, ConfigError

WHOLE = {"subscription_id": "s", "resource_group": "rg", "workspace_name": "ws"}
MINE = Credential("mine", None, {})


def test_a_client_is_made_and_asked_once(packages) -> None:
    """It has what was configured, and the workspace was asked for one time."""
    kind = packages()
    client = tracked.create_ml_client_from_config(WHOLE, credential=MINE)
    assert {"subscription_id": "s", "resource_group_name": "rg", "workspace_name": "ws"} == client.names
    assert MINE is client._credential
    assert 1 == kind.asked


def test_a_credential_that_was_found_can_travel(packages) -> None:
    """A client of ours can be delivered for by a process of its own; one with a secret in memory cannot."""
    packages()
    assert "managed-identity" == reference_of(tracked.create_ml_client_from_config(WHOLE))
    assert "" == reference_of(tracked.create_ml_client_from_config(WHOLE, credential=MINE))


def test_what_is_switched_off_gives_none(packages) -> None:
    """As the former system did: then ``setup_mlflow`` takes the local store."""
    packages()
    assert tracked.create_ml_client_from_config({"azure_ml": {**WHOLE, "enabled": False}}) is None


def test_a_workspace_that_is_not_there_is_named(packages) -> None:
    """With its group, and where each name came from, since one of them is wrong."""
    packages(ResourceNotFoundError("(ResourceNotFound) The Resource '...' was not found."))
    with pytest.raises(BackendUnavailable, match=r"workspace_name ws \(the given configuration\).* Reader"):
        tracked.create_ml_client_from_config(WHOLE, credential=MINE)


def test_the_question_has_a_time_limit(packages, monkeypatch) -> None:
    """A network that swallows everything costs what was allowed, and no more."""
    kind = packages()
    monkeypatch.setattr(kind, "get", lambda *_: time.sleep(30))
    began = time.monotonic()
    with pytest.raises(BackendUnavailable, match=r"has not told of .*no answer in 0 s"):
        tracked.create_ml_client_from_config(WHOLE, credential=MINE, timeout=0.1)
    assert time.monotonic() - began < 10


def test_without_azure_the_extra_is_named() -> None:
    """Where nothing of Azure is installed the message is a pip line."""
    pytest.importorskip("mlflow")
    if _has_azure():
        pytest.skip("Azure's packages are installed here")
    with pytest.raises(ConfigError, match=r'pip install "tracked\[azure\]"'):
        tracked.create_ml_client_from_config(WHOLE, credential=MINE)


def test_it_leaves_the_list_of_clouds_alone(packages) -> None:
    """The plugin would fetch it as soon as it hears of a workspace."""
    packages()
    tracked.create_ml_client_from_config(WHOLE, credential=MINE)
    assert "AzureCloud" == os.environ["AZUREML_CURRENT_CLOUD"]
    bind.unsettle()
    assert "AZUREML_CURRENT_CLOUD" not in os.environ


def _has_azure() -> bool:
    from importlib.util import find_spec

    try:
        return find_spec("azure.ai.ml") is not None
    except ModuleNotFoundError:
        return False
