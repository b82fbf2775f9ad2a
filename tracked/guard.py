"""The one guard: what fails in ``tracked`` itself is caught here, said once, and never reaches user code.

    with guard:
        journal.write(record)        # ours
    result = function(*args)         # the user's: never inside

Only ``Exception`` counts as a failure: a KeyboardInterrupt that happens to arrive during our work is the user's.
"""

from __future__ import annotations

import errno
import logging
from contextlib import suppress
from types import TracebackType

from . import speech

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
        if not isinstance(error, Exception):
            return False
        log.debug("tracking failed", exc_info=error)
        speech.warn_once(
            f"tracking failed here and your code goes on: {_told(error)} (TRACKED_DISABLED=1 switches tracking off)",
            about=_about(error, trace),
        )
        return True


guard = Guard()


def _told(error: Exception) -> str:
    # An exception may come out of the user's objects, and need not be able to say what it is.
    with suppress(Exception):
        if text := str(error).strip():
            return f"{type(error).__name__}: {text.splitlines()[0][:300]}"
    return type(error).__name__


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
