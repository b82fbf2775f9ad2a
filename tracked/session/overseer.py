"""Watching a shipper from outside: one that hangs is ended, so that another one can begin."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from .. import speech
from ..journal.folder import Folder
from ..process import is_alive, is_here
from ..shipper.status import STARTING, Status, Watch
from .process import command

_AT_WORK, _AT_START = 90.0, 180.0
"""Seconds without a sign of life after which a shipper hangs: longer than a store may take for any one answer."""
_LOOK = 5.0
"""Seconds for which it is looked at, at least: a machine that slept wakes with an old sign."""


class Overseer:
    """What one process has seen of the shipper of a folder."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._watch = Watch(folder.status)

    def end_if_hung(self) -> bool:
        """End the shipper if it hangs; tell whether that was done.

        What it has sent and not noted is sent again by the next one, which changes nothing.
        """
        told, seen = self._watch.look()
        silent = max(seen, time.time() - told.time if seen > _LOOK else 0.0)
        if silent < _patience(told) or not _is_shipper(self.folder, told) or not _killed(told.pid):
            return False
        speech.warn_once(
            f"process {told.pid}, which delivers, gave no sign of life for {silent:.0f} s: another one takes over"
        )
        return True


def _patience(told: Status) -> float:
    answer = 0.0
    with suppress(ValueError):
        answer = float(os.environ.get("MLFLOW_HTTP_REQUEST_TIMEOUT", "0"))
    return max(_AT_START if told.phase == STARTING else _AT_WORK, 3 * answer)


def _is_shipper(folder: Folder, told: Status) -> bool:
    """Whether what has this pid now is the shipper's process that told it: pids are given out again."""
    import psutil  # noqa: PLC0415 - only where something hangs

    try:
        line = psutil.Process(told.pid).cmdline()
    except psutil.Error:
        return False
    return is_here(told.by) and is_alive(told.by) and line[1:] == command(folder)[1:]


def _killed(pid: int) -> bool:
    import psutil  # noqa: PLC0415 - as above

    with suppress(psutil.Error):
        hung = psutil.Process(pid)
        hung.kill()  # a stopped process hears nothing else
        hung.wait(_LOOK)
        return True
    return False
