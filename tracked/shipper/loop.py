"""The shipper's life: rounds over the journals of a folder, with the only retry and back-off there is."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .. import tags as t
from ..errors import BackendUnavailable, LoginRefused
from ..journal.folder import Folder
from ..ports import Backend
from . import status
from .batches import Batch
from .delivery import Delivery
from .tail import Tail

log = logging.getLogger("tracked.shipper")

PACE = 0.2
"""Seconds between two rounds when little is written: five requests a second and run, at most."""
LONGEST_WAIT = 60.0
HEARTBEAT = 60.0
"""Seconds between two heartbeats of a run; each names the time by which the next is due."""


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
        self._failures = 0
        self._synced = self._beaten = 0.0

    def serve(self, linger: float) -> None:
        """Deliver until nobody writes here any more, nothing is left, and ``linger`` seconds have passed."""
        self._tell(status.STARTING)
        idle_since = time.monotonic()
        while not self.stop.is_set() and self.folder.path.exists():
            moved = self._guarded_round()
            if moved or self._failures or any(tail.needs_us for tail in self._tails.values()):
                idle_since = time.monotonic()
            if self.refused or time.monotonic() - idle_since > linger:
                break
            if not moved:
                self._rest(self._pause())
        if not self.refused:
            self._tell(status.GONE)

    @property
    def refused(self) -> bool:
        """Whether the store does not let us in, so that going on is useless."""
        return self._teller.last.phase == status.REFUSED

    def is_needed(self) -> bool:
        """Whether there is anything to deliver or anybody to watch."""
        return any(tail.needs_us for tail in self._current_tails())

    def drain(self) -> None:
        """Deliver what is there now and return: ``tracked sync``.

        Raises:
            BackendUnavailable: the store does not answer; what is left stays in the journals.
        """
        while self.round():
            pass
        while self.round(last_call=True):
            pass
        self._tell(status.IDLE)

    def _guarded_round(self) -> bool:
        try:
            moved = self.round()
        except LoginRefused as error:
            self._tell(status.REFUSED, str(error))
            return False
        except BackendUnavailable as error:
            return self._failed(str(error))
        except Exception as error:
            # The guard of the shipper's own process: a fault of ours must not lose what others wrote.
            log.exception("the shipper failed and tries again")
            return self._failed(f"{type(error).__name__}: {error}")
        self._failures = 0
        self._tell(status.SHIPPING if moved else status.IDLE)
        return moved

    def _failed(self, error: str) -> bool:
        self._failures += 1
        self._tell(status.WAITING, error)
        return False

    def round(self, *, last_call: bool = False) -> bool:
        """Give each journal one turn; tell whether anything moved."""
        tails = self._current_tails()
        moved = [tail.ship(last_call=last_call) for tail in tails]
        self._tails = {path: tail for path, tail in self._tails.items() if not tail.done}
        self._sync_and_beat()
        return any(moved) or len(self._tails) < len(tails)

    def _current_tails(self) -> list[Tail]:
        journals = self.folder.journals()
        for path in journals:
            if path not in self._tails:
                self._tails[path] = Tail(path, self._get_delivery())
        self._tails = {path: self._tails[path] for path in journals}
        return list(self._tails.values())

    def _get_delivery(self) -> Delivery:
        # The backend is made when there is something to deliver: making it costs seconds and may fail.
        if self._delivery is None:
            self._delivery = Delivery(self.folder, self._make_backend())
        return self._delivery

    def _sync_and_beat(self) -> None:
        now = time.monotonic()
        if now - self._synced > 1.0:
            self._synced = now
            for tail in self._tails.values():
                tail.sync()
        if now - self._beaten > HEARTBEAT:
            self._beaten = now
            self._beat()

    def _beat(self) -> None:
        due = str(int((time.time() + 2 * HEARTBEAT) * 1000))
        for tail in self._tails.values():
            for run in tail.open:
                self._get_delivery().send(Batch(run, tags=((t.HEARTBEAT, due),)))

    def _rest(self, seconds: float) -> None:
        """Wait, giving a sign of life every second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.stop.wait(min(1.0, left)):
            self._tell(self._teller.last.phase, self._teller.last.error)

    def _pause(self) -> float:
        if not self._failures:
            return PACE
        longest = min(LONGEST_WAIT, 0.5 * 2.0**self._failures)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret

    def _tell(self, phase: str, error: str = "") -> None:
        self._teller.tell(phase, error, self._delivery.set_aside if self._delivery else 0)
