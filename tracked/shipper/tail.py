"""One journal being delivered: how far it is, which of its runs are open, whether its writer lives."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from ..journal import disk
from ..journal.acks import Ack, read_ack, write_ack
from ..journal.folder import ack_of
from ..journal.reader import Window, read_window, writer_of
from ..process import is_alive, is_here
from ..records import Closed, Opened, Record
from .batches import actions
from .delivery import Delivery


class Tail:
    """Delivers one journal from its last acknowledgement on."""

    def __init__(self, path: Path, delivery: Delivery) -> None:
        self.path, self.delivery = path, delivery
        self.writer = writer_of(path)
        self.at, opened = read_ack(path)
        self.open: dict[str, None] = dict.fromkeys(opened)
        self.seen_alive = path.stat().st_mtime
        self.done = False
        self._seen_at_start = path.stat().st_size
        self._synced = 0

    @property
    def left(self) -> int:
        """Bytes not yet delivered."""
        try:
            return max(0, self.path.stat().st_size - self.at)
        except FileNotFoundError:
            return 0  # a person has emptied the folder

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
        known, missing = self._known_part(window)
        if missing and last_call and not known.records:
            self.delivery.give_up(missing)
            known, _ = self._known_part(window)
        if known.end > self.at:
            self._deliver(known)
            return True
        if not alive and not self.left:
            self._bury()
        return False

    def _is_alive(self) -> bool:
        alive = is_alive(self.writer)
        if alive:
            self.seen_alive = time.time()
        return alive

    def _known_part(self, window: Window) -> tuple[Window, str | None]:
        """The window up to the first record whose run, or whose parent, is not known yet; and that run."""
        opened: set[str] = set()
        for index, (offset, record) in enumerate(window.records):
            needed = record.parent if isinstance(record, Opened) else record.run
            if needed and needed not in opened and needed not in self.delivery.runs:
                before = [bad for bad in window.bad if bad.offset < offset]
                return Window(window.records[:index], before, offset), needed
            opened.add(record.run)
        return window, None

    def _deliver(self, window: Window) -> None:
        self._mark_unsure(window)
        self.delivery.begin()
        for action in actions((record for _, record in window.records), self.delivery.backend.limits):
            self.delivery.send(action)
        for bad in window.bad:
            self.delivery.put_aside(f"{self.path.name} at byte {bad.offset}", bad.reason)
        self.delivery.keep_aside()
        self._follow(record for _, record in window.records)
        write_ack(self.path, Ack(window.end, tuple(self.open)))
        self.at = window.end
        self.delivery.free()

    def _mark_unsure(self, window: Window) -> None:
        # Whatever was in the file when we came may have been sent by a shipper that died before it said so.
        self.delivery.unsure.update(
            record.run
            for offset, record in window.records
            if isinstance(record, Opened) and offset < self._seen_at_start
        )

    def _follow(self, records: Iterable[Record]) -> None:
        for record in records:
            if isinstance(record, Opened):
                self.open[record.run] = None
            elif isinstance(record, Closed):
                self.open.pop(record.run, None)

    def _bury(self) -> None:
        """The writer is gone and all is delivered: end what it left open, and remove the journal."""
        died = max(self.seen_alive, self.path.stat().st_mtime)
        self.delivery.begin()
        # A run may have been closed in another journal: by a thread of a process that had forked.
        left_open = [run for run in self.open if run not in self.delivery.closed]
        self.delivery.close_dead(left_open, int(died * 1000), "the process ended while the run was open")
        self.delivery.keep_aside()
        self.done = True
        self.path.unlink(missing_ok=True)
        ack_of(self.path).unlink(missing_ok=True)

    def sync(self) -> None:
        """See what the writer has written on the disk, so that a power cut costs about a second."""
        size = self.path.stat().st_size
        if size > self._synced:
            fd = os.open(self.path, os.O_RDONLY)
            try:
                disk.sync_to_disk(fd)
            finally:
                os.close(fd)
            self._synced = size
