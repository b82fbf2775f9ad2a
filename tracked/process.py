"""Who a process is, and whether it still lives, told so that pids given out again and clock steps do not matter."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """What another process needs to tell whether this one still lives: pid, start, host and boot."""
    return dict(_described(os.getpid()))


@lru_cache(maxsize=1)
def _described(pid: int) -> dict[str, Any]:
    return {"pid": pid, "started": _look(pid)[1], "host": socket.gethostname(), "boot": _boot()}


def is_here(process: Mapping[str, Any]) -> bool:
    """Whether that process runs, or ran, on this host, so that we can see its end."""
    return process.get("host") == socket.gethostname()


def is_alive(process: Mapping[str, Any]) -> bool:
    """Whether the process that :func:`this_process` described is still there.

    A process of another host cannot be seen from here and counts as alive.
    """
    if not is_here(process):
        return bool(process)
    try:
        state, started = _look(process["pid"])
        return process["boot"] == _boot() and process["started"] == started and state not in _ENDED
    except (ProcessLookupError, LookupError, TypeError, ValueError, OverflowError):
        return False


_ENDED = frozenset({"Z", "X", "zombie", "dead"})


def _look(pid: int) -> tuple[str, float]:
    """State and start of a process.

    Raises:
        ProcessLookupError: there is none of this id.
    """
    if not Path("/proc/self/stat").exists():
        return _look_elsewhere(pid)
    try:
        fields = (
            Path(f"/proc/{int(pid)}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()
        )
    except OSError as error:
        raise ProcessLookupError(pid) from error
    # Ticks since boot, as the kernel tells them: a time of day would move when the clock is set.
    return fields[0], float(fields[19])


def _look_elsewhere(pid: int) -> tuple[str, float]:
    import psutil  # noqa: PLC0415 - only where the kernel has no /proc; costs a tenth of our whole import

    try:
        process = psutil.Process(pid)
        return process.status(), process.create_time()
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(pid) from error
    except psutil.AccessDenied:
        return "?", 0.0


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    import psutil  # noqa: PLC0415 - as above

    return str(int(psutil.boot_time()) // 60)
