"""Who a process is, and whether it still lives, told so that pids given out again and clock steps do not matter."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil


def this_process() -> dict[str, Any]:
    """What another process needs to tell whether this one still lives: pid, start, host and boot."""
    return dict(_described(os.getpid()))


@lru_cache(maxsize=1)
def _described(pid: int) -> dict[str, Any]:
    return {"pid": pid, "started": _started(pid), "host": socket.gethostname(), "boot": _boot()}


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
        same = process["boot"] == _boot() and process["started"] == _started(process["pid"])
        return same and psutil.Process(process["pid"]).status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError):
        return False
    except psutil.AccessDenied:
        return True


def _started(pid: int) -> float:
    # Ticks since boot where the kernel tells them: a time of day would move when the clock is set.
    with suppress(OSError, IndexError, ValueError):
        return float(
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
    return float(psutil.Process(pid).create_time())


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return str(int(psutil.boot_time()) // 60)
