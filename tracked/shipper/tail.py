"""One journal being delivered: how far it is, which of its runs are open, whether its writer lives."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..journal import disk
from ..journal.acks import Ack, read_ack, write_ack
from ..journal.folder import ack_of, full_of, next_of, owner_of, previous_of, sign_of
from ..journal.reader import Window, read_window, writer_of
from ..process import is_alive, is_here
from ..records import Closed, Opened, Record
from .batches import actions
from .delivery import Delivery
from .leases import Lease
from .stale import LEASE


class Tail:
    """Delivers one journal from its last acknowledgement on."""

    def __init__(self, path: Path, delivery: Delivery) -> None:
        self.path, self.delivery = path, delivery
        self.at = 0
        self.writer = writer_of(path)
        self._previous = previous_of(path)
        self._take_up()
        self.seen_alive = path.stat().st_mtime
        self.done = False
        self._lease = None if is_here(self.writer) else Lease(path)
        if self._lease is None:
            # We see the writer: an old sign must not speak for it when somebody else delivers.
            sign_of(path).unlink(missing_ok=True)
        self._seen_at_start = path.stat().st_size
        # A power cut may leave less of a journal than was delivered of it.
        self.at = min(self.at, self._seen_at_start)
        self._synced = 0

    def _take_up(self) -> None:
        ack = read_ack(self.path)
        # The shipper before us may have died between its last acknowledgement and this.
        self.delivery.free(ack.freed)
        self.at = ack.at
        self.open = dict.fromkeys(ack.open)

    @property
    def left(self) -> int:
        """Bytes not yet delivered."""
        try:
            return max(0, self.path.stat().st_size - self.at)
        except FileNotFoundError:
            return 0  # a person has emptied the folder

    @property
    def needs_us(self) -> bool:
        """Whether there is something to deliver, or a writer to watch that nobody else watches."""
        if self._lease is not None:
            return self.left > 0 or (bool(self.open) and self._lease.is_in_doubt)
        return self.left > 0 or is_here(self.writer)

    def ship(self, *, last_call: bool = False) -> bool:
        """Deliver the next stretch; tell whether anything moved.

        With ``last_call`` no other journal can bring what is missing any more.

        Raises:
            BackendUnavailable: nothing of this stretch counts as delivered.
        """
        if self._is_waiting():
            return False
        # Asked before reading: a writer that dies in between is found dead next time.
        alive = self.look()
        ended = not alive or self._is_full()
        window = read_window(self.path, self.at, ended=ended)
        known, missing = self._known_part(window)
        if missing and last_call and not known.records:
            self.delivery.give_up(missing)
            known, _ = self._known_part(window)
        if known.end > self.at:
            self._deliver(known)
            return True
        if ended and not self.left:
            self._bury()
        elif self._lease is not None and self.open:
            self._watch(self._lease)
        return False

    def _is_waiting(self) -> bool:
        """Whether the same process's journal before this one is not delivered yet."""
        if self._previous is not None:
            if self._previous.exists():
                return True
            self._previous = None
            self._take_up()  # it has handed over what is open
        return False

    def _is_full(self) -> bool:
        """Whether the writer goes on in the next one, and has nothing more to write here."""
        return full_of(self.path).exists() and next_of(self.path).exists()

    def look(self) -> bool:
        """Whether the writer lives, as far as that can be seen from here; the time is kept, for its end."""
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
        self.delivery.send_files()
        for bad in window.bad:
            self.delivery.put_aside(f"{self.path.name} at byte {bad.offset}", bad.reason)
        self.delivery.keep_aside()
        self._follow(record for _, record in window.records)
        freed = tuple(self.delivery.done_with)
        write_ack(self.path, Ack(window.end, tuple(self.open), freed))
        self.at = window.end
        self.delivery.free(freed)

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
        """All is delivered, and nothing more comes: hand over what is open, or end it; remove the journal."""
        if (later := next_of(self.path)).exists():
            write_ack(later, Ack(0, tuple(self.open)))
        else:
            self._end_open(
                max(self.seen_alive, self.path.stat().st_mtime), "the process ended while the run was open"
            )
            self.delivery.folder.sweep(owner_of(self.path))
        self.done = True
        for path in (self.path, ack_of(self.path), sign_of(self.path), full_of(self.path)):
            path.unlink(missing_ok=True)

    def _watch(self, lease: Lease) -> None:
        """End what is open if the lease has run out; the journal stays, in case its writer lives all the same."""
        end = lease.end()
        if end is not None:
            host = self.writer.get("host")
            self._end_open(end, f"taken for dead: no sign of life from {host} for {LEASE:.0f} s")
            self.open.clear()
            write_ack(self.path, Ack(self.at))

    def _end_open(self, died: float, reason: str) -> None:
        self.delivery.begin()
        self.delivery.close_dead(self.open, int(died * 1000), reason)
        self.delivery.keep_aside()
        self.delivery.free(self.delivery.done_with)

    def sync(self) -> None:
        """See what the writer has written on the disk, so that a power cut costs about a second."""
        with suppress(FileNotFoundError):  # a person has emptied the folder
            size = self.path.stat().st_size
            if size > self._synced:
                self._sync()
                self._synced = size

    def _sync(self) -> None:
        fd = os.open(self.path, os.O_RDONLY)
        try:
            disk.sync_to_disk(fd)
        finally:
            os.close(fd)
