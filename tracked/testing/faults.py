"""What goes wrong outside, on purpose: a server that is down, a disk that is full."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence

from .. import session as sessions
from ..errors import BackendUnavailable
from ..ports import Point
from .capturing import Captured

_PATIENCE = 30.0
"""Seconds that a store which is up again is given to take what was kept."""


class Faults:
    """Switches for what goes wrong, and the runs as the store has them meanwhile.

    Attributes:
        runs: what has arrived; it is not waited for what cannot.
    """

    def __init__(self) -> None:
        self.runs: Captured
        self.down_from: float | None = None
        """The step from which on the store does not answer; -1 for any."""
        self._is_full = False

    def server_down(self, at_step: int | None = None) -> None:
        """The store does not answer: from now on, or once a point of this step or a later one would arrive."""
        self.down_from = -1 if at_step is None else at_step

    def server_up(self) -> None:
        """It answers again; what was kept has arrived when this returns."""
        was_down, self.down_from = self.down_from is not None, None
        until = time.monotonic() + _PATIENCE
        # The shipper tries again in a moment, and until then is known to be stuck.
        while was_down and not sessions.current().flush() and time.monotonic() < until:
            time.sleep(0.02)

    def disk_full(self) -> None:
        """The journal takes nothing: what is logged from now on is lost, and said once."""
        self._is_full = True

    def disk_free(self) -> None:
        """It does again."""
        self._is_full = False

    def meet(self, points: Sequence[Point] = ()) -> None:
        """What the store does before it answers.

        Raises:
            BackendUnavailable: it does not.
        """
        limit = self.down_from
        if limit is not None and any(point.step >= limit for point in points):
            self.down_from = -1
        if self.down_from == -1:
            raise BackendUnavailable("the server is down, since a test wants it so")

    def write(self) -> None:
        """What the disk does before it takes something.

        Raises:
            OSError: it does not.
        """
        if self._is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
