"""The composition of MLflow's durable store: which session keeps what is written to a ``tracked+...`` URI."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import speech
from ..context import RunRef, open_here
from ..journal import snapshot
from ..journal.history import records_of
from ..mlflow.aliases import inner_uri
from ..mlflow.setup import normalise
from ..ports import RemoteRun
from ..records import Artifact, Record
from ..shipper import status
from . import for_uri
from .building import Session
from .sources import working_folder

_AGAIN = 0.2
"""Seconds between two looks at a shipper that waits for its next try, while the server answers again."""


class SessionKeeper:
    """Implements :class:`tracked.mlflow.durable.keeper.Keeper` over the session that is current at each call.

    MLflow keeps a store for the life of the process; a session may be another one after a new set-up.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @property
    def session(self) -> Session:
        """Where the records go now."""
        return for_uri(self.uri)

    @property
    def templates(self) -> Path:
        """Folder of ready sqlite databases."""
        return self.session.templates

    def write(self, record: Record) -> None:
        """Acknowledge a record."""
        self.session.write(record)

    def serve(self) -> None:
        """See that a shipper lives."""
        self.session.serve()

    def deliver(self) -> bool:
        """Deliver what this process wrote, also where a shipper is between two tries."""
        session = self.session
        until = time.monotonic() + session.settings.exit_timeout
        while session.journal.was_used and not session.flush(until - time.monotonic()):
            if session.status().phase != status.WAITING or time.monotonic() > until:
                return False
            time.sleep(_AGAIN)
        return True

    def remote(self, run: str) -> RemoteRun | None:
        """The run's place in the store, if the shipper knows it by now."""
        return self.session.ids.get(run)

    def awaited(self, run: str) -> RemoteRun:
        """The run's place in the store, waited for."""
        session = self.session
        return session.remote(RunRef(run, str(session.folder.path), ""))

    def local(self, run_id: str) -> str | None:
        """The run of this folder that the store calls ``run_id``."""
        return self.session.ids.local(run_id)

    def is_open_here(self, run: str) -> bool:
        """Whether it is a tracked run that is open in this process."""
        return open_here(run) is not None

    def records(self, run: str) -> Iterator[Record]:
        """What the journals of the folder hold of this run."""
        return records_of(self.session.folder, run)

    def keep_file(self, run: str, path: Path, name: str) -> None:
        """Record a copy of the file."""
        session = self.session
        shelf = snapshot.Shelf(session.folder, session.journal.owner)
        for kept in snapshot.taken(shelf, run, path, name):
            if isinstance(kept, Artifact):
                session.write(kept)
            else:
                speech.warn_once(f"{path} {kept.text}")
        session.serve()


@lru_cache(maxsize=100)
def _store(uri: str) -> Any:
    from ..mlflow.durable.store import DurableStore  # noqa: PLC0415 - loads MLflow

    return DurableStore(SessionKeeper(uri))


def tracking_store(uri: str) -> Any:
    """MLflow's tracking store for a ``tracked+...`` URI.

    Raises:
        ConfigError: the URI behind it is none.
    """
    return _store(normalise(inner_uri(uri), working_folder()))


def registry_store(uri: str) -> Any:
    """MLflow's model registry for such a URI."""
    from ..mlflow.durable.registry import DurableRegistry  # noqa: PLC0415 - as above

    store = tracking_store(uri)
    return DurableRegistry(store.keeper, store.runs)


def artifact_repository(uri: str, tracking_uri: str | None) -> Any:
    """What opens files of a run, or of a model, of such a store."""
    from ..mlflow.durable.artifacts import global_uri, repository  # noqa: PLC0415 - as above

    return repository(uri, tracking_store(tracking_uri or global_uri()))
