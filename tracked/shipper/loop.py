"""The shipper's life: rounds over the journals of a folder, with the only retry and back-off there is."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import BackendUnavailable, LoginRefused
from ..journal import ids
from ..journal.folder import Folder
from ..ports import Backend
from ..redact import redact_text
from . import status
from .bell import Bell, bell_of
from .delivery import Delivery
from .stale import HEARTBEAT
from .tail import Tail

log = logging.getLogger("tracked.shipper")

PACE = 0.2
"""Seconds between two rounds when little is written: five requests a second and run, at most."""
COURTESY, LONGEST_COURTESY = 2.0, 5.0
"""Times as long as its last round took a shipper leaves the store alone, and seconds of that at most.

Ten thousand of them share it, and one that answers slowly is asked less often.  Whoever waits for delivery rings, and
is served at once.
"""
MUCH = 1 << 16
"""Bytes left in a journal for which there is no pause."""
LONGEST_WAIT = 60.0
LONGEST_ASKED = 900.0
"""Seconds for which a store can ask us not to come back."""
PATIENCE = 30.0
"""Seconds without any delivery after which no other journal is expected to bring the beginning of a run."""

_JITTER = random.Random()  # noqa: S311 - no secret
"""Our own: in a thread of the user's process, a draw from the common one would change what a seed gives."""


class Shipper:
    """Delivers one folder to one store.  Whoever runs it must hold the folder's lock."""

    def __init__(
        self, folder: Folder, backend: Callable[[], Backend], *, stop: threading.Event | None = None
    ) -> None:
        self.folder = folder
        self.stop = stop or threading.Event()
        self._make_backend = backend
        self._delivery: Delivery | None = None
        self._tails: dict[Path, Tail] = {}
        self._teller = status.Teller(folder.status)
        self._problems: list[Exception] = []
        """What went wrong in the last round."""
        self._failures = 0
        self._stirred = time.monotonic()
        self._took = 0.0
        """Seconds that the last round took, if something was delivered in it."""
        self._synced = self._beaten = 0.0

    def serve(self, linger: float) -> None:
        """Deliver until nobody writes here any more, nothing is left, and ``linger`` seconds have passed.

        Or until somebody of a newer version asks for the post.
        """
        self._tell(status.STARTING)
        self.folder.handover.unlink(missing_ok=True)
        with bell_of(self.folder, self.stop) as bell:
            self._serve(linger, bell)
        if not self.refused:
            ids.prune(self.folder)
            self._tell(status.GONE)

    def _serve(self, linger: float, bell: Bell) -> None:
        idle_since = self._stirred = time.monotonic()
        while not self.stop.is_set() and not self.is_relieved and self.folder.path.exists():
            moved = self._told_round()
            now = time.monotonic()
            if moved or self.problem:
                self._stirred = now
            if moved or self.problem or self.is_needed():
                idle_since = now
            if self.refused or now - idle_since > linger:
                break
            if not (moved and self._is_behind()):
                # Where the store is down or wants to be left alone, ringing does not help.
                self._rest(self._pause(), self.stop.wait if self.problem else bell.wait)

    @property
    def is_relieved(self) -> bool:
        """Whether a shipper of a newer version is there to take over."""
        return self.folder.handover.exists()

    @property
    def problem(self) -> Exception | None:
        """What went wrong in the last round, if anything did."""
        return self._problems[-1] if self._problems else None

    @property
    def refused(self) -> bool:
        """Whether the store does not let us in, so that going on is useless."""
        return isinstance(self.problem, LoginRefused)

    def is_needed(self) -> bool:
        """Whether there is anything to deliver or anybody to watch."""
        journals = self.folder.journals()
        return any(path not in self._tails or self._tails[path].needs_us for path in journals)

    def _is_behind(self) -> bool:
        return any(tail.left > MUCH for tail in self._tails.values())

    def drain(self) -> None:
        """Deliver what is there now and return: ``tracked sync``.

        Raises:
            BackendUnavailable: the store does not answer; what is left stays in the journals.
        """
        while self.round() or (not self.problem and self.round(last_call=True)):
            pass
        if self.problem:
            raise self.problem
        self._tell(status.IDLE)

    def _told_round(self) -> bool:
        began, is_warm = time.monotonic(), self._delivery is not None
        # What only another journal could bring is given up when none has brought anything for a while.
        moved = self.round(last_call=began - self._stirred > PATIENCE)
        self._took = time.monotonic() - began if moved and is_warm else 0.0
        if self.problem is None:
            self._failures = 0
            self._tell(status.SHIPPING if moved else status.IDLE)
        elif self.refused or not moved:
            self._failures += 1
            self._tell(status.REFUSED if self.refused else status.WAITING, _told(self.problem))
        return moved

    def round(self, *, last_call: bool = False) -> bool:
        """Give each journal one turn; tell whether anything moved.  ``problem`` is what went wrong, if anything.

        A journal that fails does not keep the others from their turn.  Where a second one fails, it is the store.
        """
        self._problems.clear()
        moved = False
        self._tails = {path: self._tails[path] for path in self.folder.journals() if path in self._tails}
        for path in self.folder.journals():
            moved |= self._attempt(partial(self._turn, path, last_call=last_call))
            if self.refused or len(self._problems) > 1:
                break
        self._attempt(self._sync_and_beat)
        return moved

    def _attempt(self, step: Callable[[], bool]) -> bool:
        try:
            return step()
        except BackendUnavailable as error:
            self._problems.append(error)
        except Exception as error:
            # The guard of the shipper's own process: a fault of ours must not lose what others wrote.
            log.exception("the shipper failed and tries again")
            self._problems.append(error)
        return False

    def _turn(self, path: Path, *, last_call: bool) -> bool:
        if path not in self._tails:
            self._tails[path] = Tail(path, self._get_delivery())
        moved = self._tails[path].ship(last_call=last_call)
        if self._tails[path].done:
            del self._tails[path]
            return True
        return moved

    def _get_delivery(self) -> Delivery:
        # The backend is made when there is something to deliver: making it costs seconds and may fail.
        if self._delivery is None:
            self._tell(status.STARTING)
            self._delivery = Delivery(
                self.folder, self._make_backend(), self._still_here, lambda: self._tell(status.SHIPPING)
            )
        return self._delivery

    def _still_here(self) -> None:
        """What must not wait for a large file."""
        self._tell(status.SHIPPING)
        self._attempt(self._sync_and_beat)

    def _sync_and_beat(self) -> bool:
        now = time.monotonic()
        if now - self._synced > 1.0:
            self._synced = now
            self.folder.shorten_speech()
            for tail in self._tails.values():
                tail.sync()
                tail.look()
        if now - self._beaten > HEARTBEAT and self._delivery and not self.problem:
            self._beaten = now
            for tail in self._tails.values():
                if tail.look():
                    self._delivery.beat(tail.open)
            self._delivery.end_stale()
        return False

    def _rest(self, seconds: float, wait: Callable[[float], bool]) -> None:
        """Wait, giving a sign of life every second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not wait(min(1.0, left)):
            self._attempt(self._sync_and_beat)
            self._tell(self._teller.last.phase, self._teller.last.error)

    def _pause(self) -> float:
        asked = min(LONGEST_ASKED, getattr(self.problem, "after", 0.0))
        if not self._failures:
            return max(PACE, asked, min(LONGEST_COURTESY, COURTESY * self._took))
        longest = min(LONGEST_WAIT, 0.5 * 2.0**self._failures)
        return max(asked, longest * _JITTER.uniform(0.5, 1.0))

    def _tell(self, phase: str, error: str = "") -> None:
        self._teller.tell(phase, error, self._delivery.set_aside if self._delivery else 0)


def _told(problem: Exception) -> str:
    told = str(problem) if isinstance(problem, BackendUnavailable) else f"{type(problem).__name__}: {problem}"
    return redact_text(told, os.environ)
