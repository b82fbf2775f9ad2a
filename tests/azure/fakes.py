"""Azure's packages as far as ours look at them, for the tests that run where none of them is installed."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any


class ClientAuthenticationError(Exception):
    """As azure-core calls it."""


class ResourceNotFoundError(Exception):
    """As azure-core calls it."""

    status_code = 404


class Credential:
    """Gives a token, or says why not."""

    def __init__(self, name: str, error: Exception | None, given: dict[str, Any]) -> None:
        self.name, self.error, self.given = name, error, given

    def get_token(self, *_: str) -> SimpleNamespace:
        if self.error is not None:
            raise self.error
        return SimpleNamespace(token="t", expires_on=0)


def identity(**errors: Exception) -> ModuleType:
    """A module ``azure.identity`` whose credentials of these names fail; the others give tokens."""
    module: Any = ModuleType("azure.identity")
    for name in (
        "ClientSecretCredential",
        "CertificateCredential",
        "WorkloadIdentityCredential",
        "ManagedIdentityCredential",
        "AzureCliCredential",
        "DeviceCodeCredential",
        "InteractiveBrowserCredential",
    ):

        def made(*args: Any, _name: str = name, **given: Any) -> Credential:
            return Credential(_name, errors.get(_name), {**given, "args": args})

        setattr(module, name, made)
    module.ChainedTokenCredential = lambda only: only
    return module


class MLClient:
    """Knows the workspaces of these names."""

    error: Exception | None = None
    asked: int = 0

    def __init__(self, credential: Any, **names: str) -> None:
        self._credential = credential
        self.names = names
        self.workspace_name = names["workspace_name"]
        self.workspaces = self

    def get(self, name: str) -> SimpleNamespace:
        type(self).asked += 1
        if self.error is not None:
            raise self.error
        return SimpleNamespace(mlflow_tracking_uri="azureml://x")


def ml(error: Exception | None = None) -> ModuleType:
    """A module ``azure.ai.ml`` whose clients fail, if an error is given."""
    module: Any = ModuleType("azure.ai.ml")
    module.MLClient = type("MLClient", (MLClient,), {"error": error, "asked": 0})
    return module
