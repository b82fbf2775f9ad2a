"""Azure's failures as one line that says what to do."""

from __future__ import annotations

import pytest

from tests.azure.fakes import ClientAuthenticationError, ResourceNotFoundError
from tracked.azure.config import AzureConfig
from tracked.azure.troubles import explained, explaining
from tracked.errors import BackendUnavailable, ConfigError, LoginRefused

CONFIG = AzureConfig("subscription-6789", "rg", "ws")


class HttpResponseError(Exception):
    """As azure-core calls it."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


class ValidationException(Exception):
    """As azure-ai-ml calls it."""


class UnsupportedModelRegistryStoreURIException(Exception):
    """As MLflow calls it."""


class FieldInstanceResolutionError(ImportError):
    """As marshmallow's absence shows."""


SEEN = [
    (
        UnsupportedModelRegistryStoreURIException(
            "Model registry functionality is unavailable; got URI 'azureml://x'"
        ),
        ConfigError,
        'pip install "tracked[azure]"',
    ),
    (
        TypeError("azureml_artifacts_builder() got an unexpected keyword argument 'tracking_uri'"),
        ConfigError,
        "pip install --upgrade",
    ),
    (
        ImportError("cannot import name 'FieldInstanceResolutionError' from 'marshmallow.utils'"),
        ConfigError,
        "pip install",
    ),
    (ModuleNotFoundError("No module named 'azure'"), ConfigError, 'pip install "tracked[azure]"'),
    (ValidationException("We could not find config.json in: ."), ConfigError, "AZURE_SUBSCRIPTION_ID"),
    (ValidationException("Please provide a workspace name"), ConfigError, "AZUREML_WORKSPACE_NAME"),
    (KeyError("sub-id"), ConfigError, "tracking URI has changed"),
    (
        ClientAuthenticationError(
            "ChainedTokenCredential failed\nA: no\nAADSTS7000215: Invalid client secret\nTrace"
        ),
        LoginRefused,
        "AADSTS7000215, the client secret is wrong",
    ),
    (ClientAuthenticationError("AADSTS50076: MFA"), LoginRefused, "az login"),
    (ClientAuthenticationError("AADSTS424242: new"), LoginRefused, "login.microsoftonline.com/error"),
    (HttpResponseError("(AuthorizationFailed) no", 403), LoginRefused, "AzureML Data Scientist"),
    (HttpResponseError("x", 401), LoginRefused, "log in again"),
    (ResourceNotFoundError("(ResourceGroupNotFound) x"), BackendUnavailable, "the resource group of"),
    (ResourceNotFoundError("(SubscriptionNotFound) x"), BackendUnavailable, "the subscription of"),
    (ConnectionError("refused"), BackendUnavailable, "HTTPS_PROXY"),
    (RuntimeError("new\nlines"), BackendUnavailable, "RuntimeError: new lines"),
]


@pytest.mark.parametrize(
    ("raw", "kind", "help_"), SEEN, ids=[f"{type(s[0]).__name__}-{i}" for i, s in enumerate(SEEN)]
)
def test_each_failure_becomes_one_line_that_helps(raw: Exception, kind: type[Exception], help_: str) -> None:
    """Of the right type, without a line break, with the next step in it."""
    told = explained(raw, CONFIG)
    assert kind is type(told)
    assert help_ in str(told)
    assert "\n" not in str(told)


def test_the_cause_counts_too() -> None:
    """What a library wraps around the failure does not hide it."""
    outer = RuntimeError("outer")
    outer.__cause__ = HttpResponseError("(AuthorizationFailed)", 403)
    assert LoginRefused is type(explained(outer))


@pytest.mark.parametrize("kind", [ConnectionError, RuntimeError])
def test_a_signed_address_is_not_shown(kind: type[Exception]) -> None:
    """Its signature opens the file to whoever reads the line."""
    told = explained(
        kind("Max retries exceeded with url: /c/a.bin?sv=2024-01-01&sr=b&sig=AbC%2Fd123 (refused)")
    )
    assert "AbC" not in str(told)
    assert "/c/a.bin" in str(told)


def test_what_happens_in_a_call_of_azures_is_ours() -> None:
    """A block of their calls raises ours and nothing else; ours stay."""
    with pytest.raises(LoginRefused) as raised, explaining(CONFIG):
        raise HttpResponseError("x", 401)
    assert isinstance(raised.value.__cause__, HttpResponseError)
    with pytest.raises(ConfigError, match="mine") as ours, explaining():
        raise ConfigError("mine")
    assert ours.value.__cause__ is None


def test_ours_stay_what_they_are() -> None:
    """An exception that already says what to do is not said again in other words."""
    ours = ConfigError("do this")
    assert explained(ours) is ours
