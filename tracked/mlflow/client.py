"""One MLflow client for each store, and the experiment that a run goes to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException

from ..errors import BackendUnavailable, Refused, RunNotFound
from ..ports import BY_ID
from ..process import after_fork
from .faults import code_of, told
from .stores import ensure_store, identity_of
from .urls import public


class _Held(NamedTuple):
    client: MlflowClient
    database: tuple[int, int] | None
    """Which file the sqlite database was when the client was made."""


_CLIENTS: dict[str, _Held] = {}
_LOCK = Lock()
_TRIES = 3


def client_for(uri: str, templates: Path | None = None) -> MlflowClient:
    """The client of this store, made at the first call; ``templates`` as in :func:`ensure_store`.

    Raises:
        BackendUnavailable: the store cannot be opened now.
        Refused: MLflow does not know such a store.
    """
    with _LOCK:
        held = _CLIENTS.get(uri)
        if held is None or held.database != identity_of(uri):
            if held is not None:
                _let_go(held.client)
            with told():
                ensure_store(uri, templates)
                # Without a registry MLflow asks Spark for one.  That is an import, maybe in a thread of ours, and
                # MLflow's hooks of imports have a lock that the user's thread may hold.
                client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            _CLIENTS[uri] = held = _Held(client, identity_of(uri))
        return held.client


@after_fork
def _forked() -> None:
    """The lock may have been held by a thread that the child does not have."""
    global _LOCK  # noqa: PLW0603 - replaced where nobody can hold it
    _LOCK = Lock()


def _let_go(client: MlflowClient) -> None:
    """Close the connections to a database file that was removed or replaced under us."""
    engine = getattr(getattr(client, "_tracking_client", None), "store", None)
    dispose = getattr(getattr(engine, "engine", None), "dispose", None)
    if dispose is not None:
        dispose()


def experiment_id(client: MlflowClient, name: str, artifact_root: str | None = None) -> str:
    """The id of the experiment, made if it is missing, with its artifacts below ``artifact_root`` if given.

    Safe for many processes at once, which MLflow's ``set_experiment`` is not.

    Raises:
        Refused: the experiment is deleted, or its name is none.
        BackendUnavailable: the store does not answer.
    """
    for _ in range(_TRIES):
        with told():
            if (found := experiment_called(client, name)) is not None:
                return _alive(found)
            try:
                return str(client.create_experiment(name, _location(artifact_root, name)))
            except MlflowException as error:
                if code_of(error) != "RESOURCE_ALREADY_EXISTS":
                    raise
                # Another process was faster: what it made is found in the next round.
    raise BackendUnavailable(f"experiment {name!r} can neither be found nor made")


def experiment_called(client: MlflowClient, name: str) -> Experiment | None:
    """The experiment of this name, or with the id in ``id:7``; None if there is none.

    Raises:
        BackendUnavailable: the store does not answer.
    """
    if name.startswith(BY_ID):
        with suppress(Refused), told():
            return client.get_experiment(name.removeprefix(BY_ID))
    # An id that is none is a name like any other: runs are kept under it, rather than refused.
    with told():
        return client.get_experiment_by_name(name)


def experiment_ids(client: MlflowClient) -> list[str]:
    """The ids of all experiments that are not deleted."""
    token: str | None = None
    found: list[str] = []
    while True:
        page = client.search_experiments(max_results=1000, page_token=token)
        found += (str(experiment.experiment_id) for experiment in page)
        token = page.token
        if not token:
            return found


def known_experiment(uri: str, *, name: str | None = None, experiment_id: str | None = None) -> Experiment:
    """The experiment of this name, or with this id.

    Raises:
        RunNotFound: there is none.
        BackendUnavailable: the store does not answer.
    """
    client, found = client_for(uri), None
    with suppress(Refused), told():
        found = (
            client.get_experiment(experiment_id)
            if experiment_id
            else client.get_experiment_by_name(name or "")
        )
    if found is None:
        raise RunNotFound(
            f"no experiment {f'is called {name!r}' if name else f'has the id {experiment_id!r}'} in {public(uri)}"
        )
    return found


def _alive(experiment: Experiment) -> str:
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise Refused(
            f"experiment {experiment.name!r} is deleted. Restore it with "
            f"`mlflow experiments restore -x {experiment.experiment_id}`, or choose another name"
        )
    return str(experiment.experiment_id)


def _location(artifact_root: str | None, name: str) -> str | None:
    if artifact_root is None:
        return None
    readable = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".")[:80]
    # Two names may share a folder: below it stands the run's id.
    return f"{artifact_root}/{readable or 'experiment'}"
