"""Azure ML as a store: what is seen to before its runs are written or read."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from ..azure import bind
from ..errors import BackendUnavailable, TrackedError
from ..mlflow.stores import prepare_by
from .findings import ERROR, WARN, Finding

_SCHEME = "azureml"
_RUN = "MLFLOW_RUN_ID"


def check(uri: str) -> None:
    """See that MLflow can use the store here.

    Raises:
        BackendUnavailable: its plugin is missing.
    """
    if why := bind.problem(uri):
        raise BackendUnavailable(why)


def take(uri: str, ml_client: Any = None) -> bool:
    """Prepare this process, and those that it starts, for this store.

    Args:
        uri: any store; for one that is not in Azure ML nothing is done.
        ml_client: the client that named it.

    Returns:
        Whether only this process can deliver there, since the client's credential lives in it alone.
    """
    if not bind.is_azure(uri):
        return False
    prepare_by(_SCHEME, bind.bind)
    if ml_client is None:
        bind.settle(uri)
        return False
    if type(ml_client).__module__.startswith("azure.ai.ml"):
        bind.is_bound(uri)  # by the client itself, when it was asked for the workspace
    reference = bind.reference_of(ml_client)
    bind.settle(uri, reference)  # an empty one takes back that of an earlier client
    return not reference


def leave(uri: str) -> None:
    """Where runs of this process go elsewhere from now on: take back what was set for Azure ML."""
    if not bind.is_azure(uri):
        bind.unsettle()


def told(error: TrackedError) -> TrackedError:
    """The same trouble with a workspace, as a line that says what to do."""
    from ..azure.troubles import explained  # noqa: PLC0415 - every first call would pay for it

    return explained(error) if error.__cause__ is not None else error


def forget_run(environ: MutableMapping[str, str]) -> None:
    """Drop the run that a job of Azure ML handed over: MLflow would look for it in the local store and fail."""
    environ.pop(_RUN, None)


def versions(uri: str) -> Iterator[Finding]:
    """What of Azure's packages does not work together."""
    if why := bind.problem(uri):
        what, _, cure = why.partition(": ")
        yield Finding("azure", ERROR, what, cure)
    from ..azure.versions import mismatches  # noqa: PLC0415 - as above

    for found in mismatches():
        level = ERROR if found.is_fatal and bind.is_azure(uri) else WARN
        yield Finding("azure", level, found.what, found.cure)
