"""When something that goes on is told of again: often where one line is drawn anew, seldom where lines pile up."""

from __future__ import annotations

import time

REDRAWN = 0.1
"""Seconds between two pictures of the same line."""
_SOONEST, _LATEST = 5.0, 30.0
"""Seconds between two lines, at least and at most; in between, one comes with each tenth of the work."""
_PARTS = 10


class Pace:
    """Asked after each step; what is done in a few seconds is never told of in lines."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.began = self._last = time.monotonic()
        self._part = 0

    @property
    def seconds(self) -> float:
        """How long it has gone on."""
        return time.monotonic() - self.began

    def is_drawn(self) -> bool:
        """Whether the line is drawn anew now."""
        return self._is_time(REDRAWN)

    def is_told(self, done: int) -> bool:
        """Whether a line is due now; never at the end, of which something else is said."""
        if done == self.total:
            return False
        part = done * _PARTS // self.total if self.total else 0
        if not self._is_time(_SOONEST if part > self._part else _LATEST):
            return False
        self._part = part
        return True

    def _is_time(self, pause: float) -> bool:
        now = time.monotonic()
        if now - self._last < pause:
            return False
        self._last = now
        return True

    def left(self, done: int) -> float | None:
        """Seconds that the rest takes at this rate; None where that cannot be said."""
        return self.seconds / done * (self.total - done) if self.total and 0 < done <= self.total else None


def progress(done: int, pace: Pace) -> str:
    """``4 of 10``, or just how many."""
    return f"{done} of {pace.total}" if pace.total else str(done)
