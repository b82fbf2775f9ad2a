"""The one guard: what fails in ``tracked`` itself is caught here, said once, and never reaches user code.

    with guard:
        journal.write(record)        # ours
    result = function(*args)         # the user's: never inside

Only ``Exception`` counts as a failure: a KeyboardInterrupt that happens to arrive during our work is the user's.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from types import TracebackType

from . import speech
from .foreign import told

log = logging.getLogger("tracked")
log.addHandler(logging.NullHandler())


class Guard:
    """Stateless, so that one object serves every thread and every nesting."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        log.debug("tracking failed", exc_info=error)
        speech.warn_once(
            f"tracking failed here and your code goes on: {told(error)} (TRACKED_DISABLED=1 switches tracking off)",
            about=_about(error, trace),
        )
        return True


guard = Guard()


def each_once(steps: list[Callable[[], None]]) -> None:
    """Take these steps of ours, the last one first, until none is left; one that fails costs no other.

    Other threads may take of them and add to them meanwhile.
    """
    while True:
        try:
            step = steps.pop()
        except IndexError:
            return
        with guard:
            step()


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def _about(error: Exception, trace: TracebackType | None) -> str:
    # A disk that is full fails us in many places, and is one matter.
    if isinstance(error, OSError) and error.errno in _FULL:
        return "the disk"
    return f"{type(error).__name__} at {_place(trace)}"


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
