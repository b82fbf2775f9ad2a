"""MLflow's plugin for Azure ML, in every process: with the right credential, without a needless request.

Left to itself the plugin tries ten credentials for an ``azureml://`` URI, two of which wait for a person.  So it is
given one: that of the ``ml_client`` where there is one, else the one that the reference in the environment names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from ..errors import BackendUnavailable

REFERENCE = "TRACKED_AZURE_CREDENTIAL"
"""Names the credential to the processes that this one starts; it is no secret."""
_SCOPE = re.compile(
    r"azureml://(?P<host>[^/]+)/mlflow/v[12]\.0/subscriptions/(?P<subscription>[^/]+)"
    r"/resourceGroups/(?P<group>[^/]+)/providers/[^/]+/workspaces/(?P<workspace>[^/?]+)",
    re.IGNORECASE,
)
_CLOUDS = {
    ".azureml.ms": "AzureCloud",
    ".ml.azure.us": "AzureUSGovernment",
    ".ml.azure.cn": "AzureChinaCloud",
}
_USUAL = {
    "AZUREML_ARTIFACTS_DEFAULT_TIMEOUT": "600",
    # The links that MLflow prints lead to the API's host, and Azure ML has no traces.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_TRACE_SAMPLING_RATIO": "0",
}
_CLOUD = "AZUREML_CURRENT_CLOUD"
_OF_A_JOB = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_ID")
_references: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_set: dict[str, str] = {}
"""What this process's environment has got from us."""
_bound: dict[str, int] = {}
"""The process in which the plugin was given a credential for this URI."""


class Workspace(NamedTuple):
    """What an ``azureml://`` URI says."""

    host: str
    subscription: str
    group: str
    name: str


def is_azure(uri: str) -> bool:
    """Whether runs of this store are in Azure ML."""
    return uri.startswith("azureml:")


def workspace_of(uri: str) -> Workspace | None:
    """The workspace of a URI; None if it names none."""
    found = _SCOPE.match(uri)
    return Workspace(*found.groups()) if found else None


def is_of(uri: str, ml_client: Any) -> bool:
    """Whether this store is the workspace of this client."""
    workspace = workspace_of(uri)
    names = ("subscription_id", "resource_group_name", "workspace_name")
    theirs = tuple(str(getattr(ml_client, name, "")).lower() for name in names)
    return workspace is not None and tuple(part.lower() for part in workspace[1:]) == theirs


def refer(ml_client: Any, reference: str) -> None:
    """Take down how another process makes the credential of this client."""
    _references[ml_client] = reference


def reference_of(ml_client: Any) -> str:
    """How another process makes the credential of this client; empty if none can."""
    try:
        if known := _references.get(ml_client):
            return known
    except TypeError:  # nothing can be taken down about such an object
        return ""
    from .credentials import of_kind  # noqa: PLC0415 - only who gives a client needs it

    return of_kind(getattr(ml_client, "_credential", None))


def problem(uri: str) -> str:
    """Why MLflow cannot use this URI here; empty if it can."""
    if not is_azure(uri):
        return ""
    from ..installed import version_of  # noqa: PLC0415 - as below
    from .versions import PLUGIN  # noqa: PLC0415 - every first call would pay for it

    if not version_of(PLUGIN):
        return f'{PLUGIN} is not installed, which azureml:// needs: pip install "tracked[azure]"'
    return ""


def settle(uri: str, reference: str | None = None) -> None:
    """Prepare the environment of this process, and of those that it starts, for a store in Azure ML.

    Args:
        uri: the store.
        reference: of the credential, empty if it has none; None leaves the one that is there.
    """
    _put(_wanted(uri))
    if reference:
        os.environ[REFERENCE] = _set[REFERENCE] = reference
    elif reference is not None:
        _take_back(REFERENCE)  # it names the credential of another client


def settle_cloud() -> None:
    """Say that it is the public cloud, where nobody has said which."""
    _put({_CLOUD: _set.get(_CLOUD, "AzureCloud")})


def _put(wanted: Mapping[str, str]) -> None:
    for name, value in wanted.items():
        if os.environ.get(name) in (None, _set.get(name)):  # what a person has set stays
            os.environ[name] = _set[name] = value


def _take_back(name: str) -> None:
    value = _set.pop(name, None)
    if value is not None and os.environ.get(name) == value:
        del os.environ[name]


def unsettle() -> None:
    """Take back what was set, since runs go elsewhere."""
    for name in list(_set):
        _take_back(name)


def _wanted(uri: str) -> dict[str, str]:
    workspace = workspace_of(uri)
    host = workspace.host if workspace else ""
    cloud = next((cloud for ending, cloud in _CLOUDS.items() if host.endswith(ending)), "")
    # Without the name of the cloud the plugin asks for the list of them all.
    return {**_USUAL, **({_CLOUD: cloud} if cloud else {})}


def is_bound(uri: str) -> None:
    """Take down that the plugin has the credential of the ``ml_client`` for this URI in this process."""
    _bound[uri] = os.getpid()


def bind(uri: str, environ: Mapping[str, str] | None = None) -> None:
    """Give the plugin a credential for this URI, once in a process; a job's own token stays the plugin's affair.

    Raises:
        BackendUnavailable: the plugin is missing.
        ConfigError: the credential cannot be made here.
        LoginRefused: no credential gives a token.
    """
    environ = os.environ if environ is None else environ
    workspace = workspace_of(uri)
    if workspace is None or _bound.get(uri) == os.getpid() or all(environ.get(name) for name in _OF_A_JOB):
        return
    if why := problem(uri):
        raise BackendUnavailable(why)
    if uri in _bound and not environ.get(REFERENCE):
        return  # a forked process: the credential came along
    from .credentials import made_from  # noqa: PLC0415 - as above

    settle(uri)
    _register(uri, workspace, made_from(environ.get(REFERENCE, ""), environ))
    is_bound(uri)


class _Named(NamedTuple):
    ml_flow_tracking_uri: str


def _register(uri: str, workspace: Workspace, credential: Any) -> None:
    from azureml.mlflow import get_mlflow_tracking_uri_v2  # noqa: PLC0415 - loads MLflow too

    get_mlflow_tracking_uri_v2(
        _Named(uri),
        {
            "subscription_id": workspace.subscription,
            "workspace_name": workspace.name,
            "resource_group_name": workspace.group,
            "auth": credential,
            "host_url": f"https://{workspace.host}",
        },
    )
