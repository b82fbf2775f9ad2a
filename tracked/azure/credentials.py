"""Who asks: the first that can, in an order that never opens a prompt where nobody is present.

A credential has a *reference* where another process of this machine can make the same one, such as ``cli``: that is
what travels, by the environment.  A token or a secret never does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from .. import speech
from ..errors import BackendUnavailable, ConfigError, LoginRefused
from ..kernels import is_kernel
from .files import variables
from .troubles import explaining

ENVIRONMENT, WORKLOAD, IDENTITY, CLI = "environment", "workload", "managed-identity", "cli"
_FILE = "env-file:"
_KINDS = {"EnvironmentCredential": ENVIRONMENT, "AzureCliCredential": CLI}
"""Credentials that are the same wherever they are made on this machine.

The others may have been made for one identity of several, which they do not tell.
"""
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
    ways = list(_ways(environ, tenant_id, env_file))
    if is_person(environ) if interactive is None else interactive:
        ways.append(_Way("", lambda: _interactive(environ, tenant_id), is_sure=True))
    tried = []
    for way in ways:
        credential, failure = _tried(way, scope(environ))
        if credential is not None:
            return Chosen(credential, way.reference)
        tried.append(failure)
    raise LoginRefused(
        f"no credential for Azure: tried {', '.join(tried)}, and nobody is here to ask. Set AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run `az login`"
    )


def _tried(way: _Way, wanted: str) -> tuple[Any, str]:
    """The credential of this way, once it has given a token; or None, and what is said of it."""
    try:
        with explaining():
            credential = way.make()
            credential.get_token(wanted)  # a person who is asked here has all the time for it
    except (LoginRefused, BackendUnavailable) as error:
        if way.is_sure:
            raise
        # That `az` has to log in again is worth knowing; that this is no machine of Azure's is not.
        return None, f"{way.reference} ({error})" if "AADSTS" in str(error) else way.reference
    return credential, ""


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
    yield from _principal(identity, environ, env_file)
    own = environ.get("DEFAULT_IDENTITY_CLIENT_ID") or environ.get("AZURE_CLIENT_ID") or None
    # Only as one of a chain does it look first whether there is such a thing: else it tries for half a minute.
    yield _Way(
        IDENTITY, lambda: identity.ChainedTokenCredential(identity.ManagedIdentityCredential(client_id=own))
    )
    yield _Way(
        CLI, lambda: identity.AzureCliCredential(tenant_id=tenant_id, process_timeout=_PROCESS_TIMEOUT)
    )


def _principal(identity: Any, environ: Mapping[str, str], env_file: str) -> Iterator[_Way]:
    """The way of a service principal or a workload, if one is named; the file may be all that knows of it."""
    tenant, client = environ.get("AZURE_TENANT_ID"), environ.get("AZURE_CLIENT_ID")
    if not tenant or not client:
        return
    made: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
        (
            "AZURE_CLIENT_SECRET",
            ENVIRONMENT,
            lambda secret: identity.ClientSecretCredential(tenant, client, secret),
        ),
        (
            "AZURE_CLIENT_CERTIFICATE_PATH",
            ENVIRONMENT,
            lambda path: identity.CertificateCredential(
                tenant, client, path, password=environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
            ),
        ),
        (
            "AZURE_FEDERATED_TOKEN_FILE",
            WORKLOAD,
            lambda path: identity.WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client, token_file_path=path
            ),
        ),
    )
    for variable, reference, make in made:
        if value := environ.get(variable):
            is_of_file = env_file and variable not in os.environ
            told = f"{_FILE}{Path(env_file).absolute()}" if is_of_file else reference
            yield _Way(told, partial(make, value), is_sure=True)
            return


def _identity() -> Any:
    with explaining():
        from azure import identity  # noqa: PLC0415 - heavy, and not everybody has it
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
