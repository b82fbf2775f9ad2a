"""Who asks: the first that can, in an order that never opens a prompt where nobody is present.

A credential has a *reference* where another process of this machine can make the same one, such as ``cli``: that is
what travels, by the environment.  A token or a secret never does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import speech
from ..errors import ConfigError, LoginRefused
from ..kernels import is_kernel
from .files import variables
from .troubles import explained

ENVIRONMENT, WORKLOAD, IDENTITY, CLI = "environment", "workload", "managed-identity", "cli"
_FILE = "env-file:"
_KINDS = {
    "EnvironmentCredential": ENVIRONMENT,
    "WorkloadIdentityCredential": WORKLOAD,
    "ManagedIdentityCredential": IDENTITY,
    "AzureCliCredential": CLI,
}
"""Credentials that are the same wherever they are made on this machine, as far as their arguments are the usual."""
_SCOPES = {
    "AzureCloud": "https://management.azure.com/.default",
    "AzureUSGovernment": "https://management.usgovcloudapi.net/.default",
    "AzureChinaCloud": "https://management.chinacloudapi.cn/.default",
}
_PROCESS_TIMEOUT = 30
"""Seconds that `az` is given: on a busy machine its default of 10 is short."""


class Chosen(NamedTuple):
    """A credential that gives tokens."""

    credential: Any
    reference: str
    """How another process makes the same one; empty where none can."""


class _Way(NamedTuple):
    reference: str
    make: Callable[[], Any]
    is_sure: bool = False
    """Whether somebody has set it up here on purpose: if it is refused, no other identity takes its place."""


def choose(
    environ: Mapping[str, str], *, tenant_id: str = "", env_file: str = "", interactive: bool | None = None
) -> Chosen:
    """The first credential that gives a token.

    A service principal > a workload's identity > a managed identity > `az login` > where a person is present, a
    browser, or in Colab and Kaggle a code to type in.

    Args:
        environ: where the service principal is named.
        tenant_id: the directory that a person logs in to.
        env_file: the file that some of ``environ`` was read from.
        interactive: whether a person is present; None looks.

    Raises:
        ConfigError: azure-identity is missing.
        LoginRefused: none of them does; the message says what was tried.
    """
    tried = []
    for way in _ways(environ, tenant_id, env_file):
        if (credential := _working(way, scope(environ))) is not None:
            return Chosen(credential, way.reference)
        tried.append(way.reference)
    if is_person(environ) if interactive is None else interactive:
        return Chosen(_interactive(environ, tenant_id), "")
    raise LoginRefused(
        f"no credential for Azure: tried {', '.join(tried)}, and nobody is here to ask. Set AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run `az login`"
    )


def _working(way: _Way, wanted: str) -> Any:
    """The credential of this way, if it gives a token; None if it does not, and another may."""
    try:
        credential = way.make()
        credential.get_token(wanted)
    except Exception as error:  # each way has exceptions of its own
        if way.is_sure:
            raise explained(error) from error
        return None
    return credential


def made_from(reference: str, environ: Mapping[str, str]) -> Any:
    """The credential that a reference stands for; without one, the first way that does not ask anybody.

    Raises:
        ConfigError: there is no such reference, or azure-identity is missing.
        LoginRefused: no way gives a token.
    """
    if not reference:
        return choose(environ, interactive=False).credential
    env_file = reference.removeprefix(_FILE) if reference.startswith(_FILE) else ""
    if env_file:
        environ = {**variables(Path(env_file)), **environ}
    for way in _ways(environ, environ.get("AZURE_TENANT_ID", ""), env_file):
        if way.reference == reference:
            return way.make()
    raise ConfigError(f"the credential {reference!r} cannot be made here: what it was made from is not set")


def of_kind(credential: Any) -> str:
    """The reference of a credential that somebody else has made; empty if none makes the same."""
    return _KINDS.get(type(credential).__name__, "")


def scope(environ: Mapping[str, str]) -> str:
    """What a token is asked for, in the cloud that is set."""
    return _SCOPES.get(environ.get("AZUREML_CURRENT_CLOUD", ""), _SCOPES["AzureCloud"])


def _ways(environ: Mapping[str, str], tenant_id: str, env_file: str) -> Iterator[_Way]:
    identity = _identity()
    tenant, client = environ.get("AZURE_TENANT_ID", ""), environ.get("AZURE_CLIENT_ID", "")
    if tenant and client and (secret := environ.get("AZURE_CLIENT_SECRET")):
        is_of_file = env_file and "AZURE_CLIENT_SECRET" not in os.environ
        reference = f"{_FILE}{Path(env_file).absolute()}" if is_of_file else ENVIRONMENT
        yield _Way(reference, lambda: identity.ClientSecretCredential(tenant, client, secret), is_sure=True)
    elif tenant and client and environ.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        yield _Way(ENVIRONMENT, identity.EnvironmentCredential, is_sure=True)
    elif tenant and client and environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        yield _Way(WORKLOAD, identity.WorkloadIdentityCredential, is_sure=True)
    own = environ.get("DEFAULT_IDENTITY_CLIENT_ID") or client or None
    yield _Way(IDENTITY, lambda: identity.ManagedIdentityCredential(client_id=own))
    yield _Way(
        CLI, lambda: identity.AzureCliCredential(tenant_id=tenant_id, process_timeout=_PROCESS_TIMEOUT)
    )


def _identity() -> Any:
    try:
        from azure import identity  # noqa: PLC0415 - heavy, and not everybody has it
    except ImportError as error:
        raise explained(error) from error
    return identity


def is_person(environ: Mapping[str, str]) -> bool:
    """Whether somebody is present who can answer a prompt: at a terminal or in a notebook, never in a batch job."""
    if environ.get("AZUREML_RUN_ID") or environ.get("CI") or environ.get("KAGGLE_KERNEL_RUN_TYPE") == "Batch":
        return False
    if is_kernel():
        return True
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _interactive(environ: Mapping[str, str], tenant_id: str) -> Any:
    identity = _identity()
    given = {"tenant_id": tenant_id} if tenant_id else {}
    has_no_browser = "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in environ
    if has_no_browser or (sys.platform == "linux" and not environ.get("DISPLAY")):
        return identity.DeviceCodeCredential(prompt_callback=_prompt, **given)
    return identity.InteractiveBrowserCredential(**given)


def _prompt(address: str, code: str, _: Any) -> None:
    speech.warn_once(f"to log in to Azure, open {address} and type {code}")
