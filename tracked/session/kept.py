"""What lies in the journal folders: how much of it is not delivered, and who still cares for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..journal.folder import Folder, owner_of
from ..journal.reader import writer_of
from ..process import is_alive
from ..shipper.status import REFUSED, read_status
from . import place, waiting

_COUNTED = 1 << 20
"""Bytes of records that are counted, at most."""
_GOES_ON = "the shipper goes on with them, and `tracked sync` sends them now"
_NEEDS_A_LOGIN = "set a login that is let in, and `tracked sync`, or the next run, sends them"


def undelivered(folder: Folder) -> int:
    """Bytes of journals that are not acknowledged by the store."""
    return sum(left_of(journal) for journal in folder.journals())


def left_of(journal: Path) -> int:
    """Bytes of this journal that are not acknowledged by the store."""
    with suppress(FileNotFoundError):  # delivered and removed in this moment
        return max(0, journal.stat().st_size - waiting.acknowledged(journal))
    return 0


def records_left(journal: Path) -> str:
    """How many records of this journal are not acknowledged; of very many, how many at least."""
    with suppress(FileNotFoundError), journal.open("rb") as file:
        file.seek(waiting.acknowledged(journal))
        # Each line begins and ends with a newline.
        count = file.read(_COUNTED).count(b"\n") // 2
        return f"over {count}" if file.read(1) else str(count)
    return "0"


def is_written(journal: Path) -> bool:
    """Whether the writer lives; one that cannot be seen from here counts as alive."""
    with suppress(FileNotFoundError):
        return is_alive(writer_of(journal))
    return False


def orphans(home: Path, uri: str, own: Folder) -> Iterator[Folder]:
    """Other folders for the same store with journals that nobody writes any more.

    Their credentials are gone, or were refused: what is in them can be delivered with those of ``own``.
    """
    for folder in place.folders(home):
        if folder != own and place.is_for(folder, home, uri):
            journals = folder.journals()
            if journals and not any(map(is_written, journals)):
                yield folder


def what_is_kept(folder: Folder, owner: str, store: str) -> str:
    """What is said at the end of a process of which not all is delivered.

    Args:
        folder: where it wrote.
        owner: of its journals, as in ``owner_of``.
        store: the store that is wanted, as it may be shown.
    """
    told, is_refused = waiting.why(folder), read_status(folder.status).phase == REFUSED
    left = sum(left_of(journal) for journal in folder.journals() if owner_of(journal) == owner)
    return (
        f"{left} bytes of records are kept in {folder.path} and not yet in {store}{f' ({told})' if told else ''}; "
        f"{_NEEDS_A_LOGIN if is_refused else _GOES_ON}"
    )
