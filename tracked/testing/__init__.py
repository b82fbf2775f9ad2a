"""For tests of code that is tracked: an in-memory store to look into, and what a store must be able to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .. import session as sessions
from ..session.backends import IN_MEMORY
from ..shipper.memory import FileBackend, MemoryBackend, StoredRun

__all__ = ["FileBackend", "MemoryBackend", "StoredRun", "captured"]


class Captured:
    """The runs of a block, as the store has them."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    @property
    def runs(self) -> list[StoredRun]:
        """Every run that was opened, in order of their beginning; what was logged is delivered first."""
        sessions.current().flush()
        return list(IN_MEMORY[self._uri].runs.values())

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
    """Runs of this block go to a store in memory, and nowhere else.

    with captured() as runs:
        train(lr=0.1)
    assert runs["train"].metrics["acc"] > 0.9
    """
    uri = f"memory:{os.urandom(16).hex()}"
    IN_MEMORY[uri] = MemoryBackend()
    with sessions.switched_to(uri):
        yield Captured(uri)
    del IN_MEMORY[uri]
