"""What Azure's failures mean, as one line that says what to do: the one place where they become ours."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..errors import BackendUnavailable, ConfigError, LoginRefused, TrackedError
from ..installed import version_of
from ..redact import redact_text
from .config import AzureConfig
from .versions import PLUGIN, pip_line

_AADSTS = re.compile(r"AADSTS(\d+)")
_MEANINGS = {
    "7000215": "the client secret is wrong: it must be the secret's value, not its id",
    "7000222": "the client secret has expired: make a new one",
    "700016": "there is no such application in this tenant: check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    "90002": "there is no such tenant: check AZURE_TENANT_ID",
    "900023": "AZURE_TENANT_ID is no tenant",
    "50173": "the log-in has expired: run `az login`",
    "70043": "the log-in has expired: run `az login`",
    "700082": "the log-in has expired: run `az login`",
    "50076": "a second factor is asked for: run `az login`",
    "50079": "a second factor is asked for: run `az login`",
    "53003": "a rule of your organisation (conditional access) blocks this log-in: ask its administrator",
    "65001": "the application lacks consent: ask your administrator",
}
_EXTRA = 'pip install "tracked[azure]"'


class _Seen(NamedTuple):
    kinds: frozenset[str]
    """Names of the classes of the exception and of those that caused it."""
    text: str
    status: int | None
    config: AzureConfig


@contextmanager
def explaining(config: AzureConfig | None = None) -> Iterator[None]:
    """Let what Azure's packages raise in this block leave it as one of ours; nothing but calls of theirs stands in it.

    Args:
        config: the workspace that is asked for.

    Raises:
        ConfigError: a package is missing or does not fit, or what it was given.
        LoginRefused: Azure does not let us in.
        BackendUnavailable: it does not answer, or not as expected.
    """
    try:
        yield
    except TrackedError:
        raise
    except Exception as error:  # each of their packages has its own, and none is imported here
        raise explained(error, config) from error


def explained(error: BaseException, config: AzureConfig | None = None) -> TrackedError:
    """The exception of ours that says what this one means and what to do.

    Args:
        error: whatever the client, the plugin or MLflow has raised.
        config: the workspace that was asked for.
    """
    chain = list(_chain(error))
    kinds = frozenset(kind.__name__ for each in chain for kind in type(each).__mro__)
    seen = _Seen(kinds, " | ".join(filter(None, map(_line, chain))), _status(chain), config or AzureConfig())
    for is_it, kind, told in _RULES:
        if is_it(seen):
            return kind(told(seen))
    if isinstance(error, TrackedError):
        return error
    return BackendUnavailable(
        f"Azure does not answer as expected: {type(error).__name__}: {_line(error)[:300]}"
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _status(chain: list[BaseException]) -> int | None:
    found: Any = next((s for each in chain if (s := getattr(each, "status_code", None))), None)
    return found if isinstance(found, int) else None


def _line(error: BaseException) -> str:
    """What it says, in one line: addresses in it may be signed, which opens them to whoever reads the line."""
    return " ".join(redact_text(str(error), os.environ).split())


def _says(*texts: str) -> Callable[[_Seen], bool]:
    return lambda seen: any(text in seen.text for text in texts)


def _is(*kinds: str) -> Callable[[_Seen], bool]:
    return lambda seen: not seen.kinds.isdisjoint(kinds)


def _is_refused(status: int, *codes: str) -> Callable[[_Seen], bool]:
    return lambda seen: seen.status == status or any(code in seen.text for code in codes)


def _login(seen: _Seen) -> str:
    found = _AADSTS.search(seen.text)
    if found is None:
        reason = seen.text.split("|")[0].strip()[:200]
        return f"Azure does not let us in: {reason}; set the service principal's variables, or run `az login`"
    meaning = _MEANINGS.get(found[1], "look it up at https://login.microsoftonline.com/error")
    return f"Azure does not let us in: {found[0]}, {meaning}"


def _not_there(seen: _Seen) -> str:
    config = seen.config
    what = config.told or "the workspace"
    if "SubscriptionNotFound" in seen.text:
        what = f"the subscription of {what}"
    elif "ResourceGroupNotFound" in seen.text:
        what = f"the resource group of {what}"
    return f"Azure has not found {what}; correct it, or have the role Reader on it given to the account"


_ROLE = "have the role 'AzureML Data Scientist' on the workspace given to the account"
_Rule = tuple[Callable[[_Seen], bool], type[TrackedError], Callable[[_Seen], str]]
_RULES: tuple[_Rule, ...] = (
    (
        _says("azureml_artifacts_builder"),
        ConfigError,
        lambda _: f"{PLUGIN} {version_of(PLUGIN)} is too old for mlflow {version_of('mlflow')}: {pip_line()}",
    ),
    (
        _says("FieldInstanceResolutionError"),
        ConfigError,
        lambda _: f"azure-ai-ml is too old for the marshmallow that is installed: {pip_line()}",
    ),
    (
        lambda seen: "azureml" in seen.text and _is("UnsupportedModelRegistryStoreURIException")(seen),
        ConfigError,
        lambda _: f"MLflow does not know azureml:// URIs, since its plugin is missing: {_EXTRA}",
    ),
    (
        _is("ImportError"),
        ConfigError,
        lambda seen: f"a package of Azure is missing ({seen.text[:120]}): {_EXTRA}",
    ),
    (
        lambda seen: "sub-id" in seen.text and _is("KeyError")(seen),
        ConfigError,
        lambda _: "the tracking URI has changed since the run began: artifacts of Azure ML need it to stay",
    ),
    (
        _says("could not find config.json", "provide a workspace name"),
        ConfigError,
        lambda _: (
            "no workspace is named: set AZURE_SUBSCRIPTION_ID, AZURE_RESOURCE_GROUP and AZUREML_WORKSPACE_NAME, "
            "or use tracked.create_ml_client_from_config, which says where it looks"
        ),
    ),
    (
        _is_refused(403, "AuthorizationFailed"),
        LoginRefused,
        lambda _: f"Azure knows the account and refuses it: {_ROLE}",
    ),
    (_is("ClientAuthenticationError"), LoginRefused, _login),
    (
        _is_refused(401, "AuthenticationFailed"),
        LoginRefused,
        lambda _: "Azure does not accept the token, which may have expired: log in again",
    ),
    (_is("ResourceNotFoundError"), BackendUnavailable, _not_there),
    (
        _is("ServiceRequestError", "ServiceResponseError", "ConnectionError"),
        BackendUnavailable,
        lambda seen: (
            f"Azure cannot be reached ({seen.text[:160]}); see to the network, HTTPS_PROXY and NO_PROXY"
        ),
    ),
)
"""What is found first counts."""
