"""Whether a writer lives whose process cannot be seen from here, in a folder that several hosts share.

On its own host a process stands by that sees it, and renews a sign beside its journal.  Whoever delivers watches that
sign change, by a clock of its own that stands still while it sleeps: no two clocks are ever compared.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from ..journal.folder import Folder, sign_of
from ..journal.reader import writer_of
from ..process import is_alive, is_here
from .stale import LEASE


def vouch(folder: Folder) -> bool:
    """Renew the signs of all writers that are seen to live here; tell whether there are any."""
    vouched_for = [journal for journal in folder.journals() if _is_vouched_for(journal)]
    return bool(vouched_for)


def _is_vouched_for(journal: Path) -> bool:
    with suppress(FileNotFoundError):  # delivered and removed in this moment
        writer = writer_of(journal)
        if is_here(writer) and is_alive(writer):
            sign_of(journal).touch(mode=0o600)
            return True
    return False


class Lease:
    """The sign of one writer, watched."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self._last: tuple[int, int] | None = None
        self._since = time.monotonic()
        self.was_renewed = False
        """Whether somebody there still vouches for the writer, and so can take over from us."""

    def end(self) -> float | None:
        """When the last sign of life was seen, in seconds since the epoch, if the lease has run out since then.

        Where nobody has ever vouched, the writer may live, and there is no end.
        """
        try:
            sign = sign_of(self.journal).stat().st_mtime_ns, self.journal.stat().st_size
        except FileNotFoundError:
            return None
        now = time.monotonic()
        if sign != self._last:
            self.was_renewed = self._last is not None
            self._last, self._since = sign, now
        silent = now - self._since
        return time.time() - silent if silent > LEASE else None

    @property
    def is_in_doubt(self) -> bool:
        """Whether somebody has to watch: the sign is there, and nobody has renewed it yet."""
        return self._last is not None and not self.was_renewed
