"""One journal being delivered: how far it is, which of its runs are open, whether its writer lives."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..journal import lines
from ..journal.folder import ack_of
from ..journal.reader import Window, read_window, writer_of
from ..process import is_alive, is_here
from ..records import Closed, Opened, Record
from .batches import actions
from .delivery import Delivery, append, sync_to_disk

PATIENCE = 30.0
"""Seconds to wait for the beginning of a run that another journal should hold."""


class Tail:
    """Delivers one journal from its last acknowledgement on."""

    def __init__(self, path: Path, delivery: Delivery) -> None:
        self.path, self.delivery = path, delivery
        self.writer = writer_of(path)
        self.at, opened = _last_ack(path)
        self.open: dict[str, None] = dict.fromkeys(opened)
        self.seen_alive = path.stat().st_mtime
        self.done = False
        self._seen_at_start = path.stat().st_size
        self._synced = 0
        self._stuck_since: float | None = None

    @property
    def left(self) -> int:
        """Bytes not yet delivered."""
        return max(0, self.path.stat().st_size - self.at)

    @property
    def needs_us(self) -> bool:
        """Whether there is something to deliver, or a living writer of this host to watch."""
        return self.left > 0 or is_here(self.writer)

    def ship(self, *, last_call: bool = False) -> bool:
        """Deliver the next stretch; tell whether anything moved.

        With ``last_call`` no other journal can bring what is missing any more.

        Raises:
            BackendUnavailable: nothing of this stretch counts as delivered.
        """
        # Asked before reading: a writer that dies in between is found dead next time.
        alive = self._is_alive()
        window = read_window(self.path, self.at, ended=not alive)
        known, stuck = self._known_part(window)
        if stuck and not known.records and (last_call or self._out_of_patience()):
            known = window
        moved = known.end > self.at
        if moved:
            self._deliver(known)
        elif not alive and not self.left:
            self._bury()
        return moved

    def _is_alive(self) -> bool:
        alive = is_alive(self.writer)
        if alive:
            self.seen_alive = time.time()
        return alive

    def _known_part(self, window: Window) -> tuple[Window, bool]:
        """The window up to the first record whose run, or whose parent, has not been seen yet."""
        opened: set[str] = set()
        for index, (offset, record) in enumerate(window.records):
            needed = record.parent if isinstance(record, Opened) else record.run
            if needed and needed not in opened and needed not in self.delivery.runs:
                return Window(window.records[:index], [b for b in window.bad if b.offset < offset], offset), True
            opened.add(record.run)
        self._stuck_since = None
        return window, False

    def _out_of_patience(self) -> bool:
        self._stuck_since = self._stuck_since or time.monotonic()
        return time.monotonic() - self._stuck_since > PATIENCE

    def _deliver(self, window: Window) -> None:
        self._mark_unsure(window)
        for action in actions((record for _, record in window.records), self.delivery.backend.limits):
            self.delivery.send(action)
        for bad in window.bad:
            self.delivery.put_aside(f"{self.path.name} at byte {bad.offset}", bad.reason)
        self._follow(record for _, record in window.records)
        self.at = window.end
        append(ack_of(self.path), lines.encode({"at": self.at, "open": list(self.open)}))
        self.delivery.free()

    def _mark_unsure(self, window: Window) -> None:
        # Whatever was in the file when we came may have been sent by a shipper that died before it said so.
        self.delivery.unsure.update(
            record.run
            for offset, record in window.records
            if isinstance(record, Opened) and offset < self._seen_at_start
        )

    def _follow(self, records: Iterator[Record]) -> None:
        for record in records:
            if isinstance(record, Opened):
                self.open[record.run] = None
            elif isinstance(record, Closed):
                self.open.pop(record.run, None)

    def _bury(self) -> None:
        """The writer is gone and all is delivered: end what it left open, and remove the journal."""
        died = max(self.seen_alive, self.path.stat().st_mtime)
        reason = "the process ended while the run was open"
        self.delivery.close_dead(self.open, int(died * 1000), reason)
        self.done = True
        self.path.unlink(missing_ok=True)
        ack_of(self.path).unlink(missing_ok=True)

    def sync(self) -> None:
        """See what the writer has written on the disk, so that a power cut costs about a second."""
        size = self.path.stat().st_size
        if size > self._synced:
            fd = os.open(self.path, os.O_RDONLY)
            try:
                sync_to_disk(fd)
            finally:
                os.close(fd)
            self._synced = size


def _last_ack(path: Path) -> tuple[int, list[str]]:
    ack = ack_of(path)
    at, opened = 0, []
    for line in lines.parse(ack.read_bytes() if ack.exists() else b""):
        if isinstance(line.value, dict):
            at, opened = int(line.value["at"]), list(line.value["open"])
    return at, opened
