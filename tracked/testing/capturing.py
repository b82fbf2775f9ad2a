"""Runs that are kept in memory, to look into."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import session as sessions
from ..session.backends import IN_MEMORY
from ..shipper.memory import MemoryBackend, StoredRun

if TYPE_CHECKING:
    from ..session.building import Session


class Captured:
    """The runs of a block, as the store has them; also after its end."""

    def __init__(self, uri: str, store: MemoryBackend) -> None:
        self._uri, self._store = uri, store

    @property
    def runs(self) -> list[StoredRun]:
        """Every run that was opened, in order of their beginning; what was logged is delivered first."""
        if self._uri in IN_MEMORY:
            sessions.current().flush()
        return list(self._store.runs.values())

    def __getitem__(self, name: str) -> StoredRun:
        """The run of this name, or of a function of this name.

        Raises:
            LookupError: there is none, or more than one.
        """
        found = [run for run in self.runs if run.name == name or run.name.rpartition("-")[0] == name]
        if len(found) != 1:
            raise LookupError(
                f"{len(found)} runs are called {name!r}; there are {[r.name for r in self.runs]}"
            )
        return found[0]


@contextmanager
def captured() -> Iterator[Captured]:
    """Runs of this block go to a store in memory, and nowhere else, whatever is set up in it.

    with captured() as runs:
        train(lr=0.1)
    assert runs["train"].metrics["acc"] > 0.9
    """
    with captured_by(MemoryBackend()) as runs:
        yield runs


@contextmanager
def captured_by(
    store: MemoryBackend, adapted: Callable[[Session], Session] = lambda session: session
) -> Iterator[Captured]:
    """The same with this store, and a session of its own making."""
    uri = f"memory:{os.urandom(16).hex()}"
    IN_MEMORY[uri] = store
    try:
        with sessions.switched_to(uri, adapted):
            yield Captured(uri, store)
    finally:
        del IN_MEMORY[uri]
