"""What the durable store needs of a session: the narrow door to the floors above."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ...ports import RemoteRun
from ...records import Record


class Keeper(Protocol):
    """Keeps records of one store, and knows what became of them."""

    @property
    def uri(self) -> str:
        """The real store."""
        ...

    @property
    def templates(self) -> Path:
        """Folder of ready sqlite databases."""
        ...

    def write(self, record: Record) -> None:
        """Return once the record is in a file.

        Raises:
            OSError: it is not.
        """
        ...

    def serve(self) -> None:
        """See that a shipper lives for what was written."""
        ...

    def deliver(self) -> bool:
        """Deliver what this process wrote; False as soon as it is known that the store does not take it now."""
        ...

    def remote(self, run: str) -> RemoteRun | None:
        """The place in the store of the run with this local id, if it is known by now."""
        ...

    def awaited(self, run: str) -> RemoteRun:
        """The same, waited for.

        Raises:
            BackendUnavailable: the store does not answer.
        """
        ...

    def local(self, run_id: str) -> str | None:
        """The local id of the run that the store calls ``run_id``, if it came from this folder."""
        ...

    def is_open_here(self, run: str) -> bool:
        """Whether a tracked run of this process has this local id."""
        ...

    def records(self, run: str) -> Iterator[Record]:
        """What the journals of this machine still hold of this run, in order."""
        ...

    def keep_file(self, run: str, path: Path, name: str) -> None:
        """Record the file as an artifact of the run, as it is now.

        Raises:
            OSError: it cannot be read or kept.
        """
        ...
