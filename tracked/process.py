"""Who a process is, and whether it still lives, told so that pids given out again and clock steps do not matter."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import tags as t


def this_process() -> dict[str, Any]:
    """What another process needs to tell whether this one still lives.

    Pid and start; host and machine; and where the pid means something: the kernel's boot and its pid namespace.
    """
    return dict(_described(os.getpid()))


@lru_cache(maxsize=1)
def _described(pid: int) -> dict[str, Any]:
    return {
        "pid": pid,
        "started": _look(pid)[1],
        "host": socket.gethostname(),
        "machine": _machine(),
        "boot": _boot(),
        "pids": _pids(),
    }


def after_fork(renew: Callable[[], None]) -> Callable[[], None]:
    """Decorator: call this in each forked child, where the parent's other threads are not there to unlock anything."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)
    return renew


def who_was(pid: int, time: int) -> dict[str, Any]:
    """The process of this pid as it would describe itself, if it is there and began before ``time`` (ms); else {}."""
    import psutil  # noqa: PLC0415 - rarely wanted, and costs a tenth of our whole import

    with suppress(psutil.Error, ProcessLookupError, OverflowError):
        if psutil.Process(pid).create_time() * 1000 <= time:
            return {**this_process(), "pid": pid, "started": _look(pid)[1]}
    return {}


_TOLD = ("pid", "started", "boot", "pids", "machine")


def as_text(process: Mapping[str, Any]) -> str:
    """The same in short, for a tag; its host is a tag of its own."""
    return ":".join(f"{process[key]:.0f}" if key == "started" else str(process[key]) for key in _TOLD)


def from_text(text: str, host: str) -> dict[str, Any]:
    """What :func:`as_text` has told; empty for anything else."""
    told = text.split(":")
    with suppress(ValueError):
        if len(told) == len(_TOLD):
            return {
                **dict(zip(_TOLD, told, strict=True)),
                "pid": int(told[0]),
                "started": float(told[1]),
                "host": host,
            }
    return {}


def owner() -> dict[str, str]:
    """The tags that say which process a run is open in."""
    return dict(_owner(os.getpid()))


@lru_cache(maxsize=1)
def _owner(_pid: int) -> dict[str, str]:
    ours = this_process()
    return {t.HOST: str(ours["host"]), t.PROCESS: as_text(ours)}


def is_here(process: Mapping[str, Any]) -> bool:
    """Whether that process runs, or ran, where we can see its end: under this kernel, or before this boot of it.

    Containers may share a host's name and not its pids; machines may share a name.
    """
    ours = this_process()
    if process.get("host") != ours["host"]:
        return False
    if process.get("boot") == ours["boot"]:
        return bool(process.get("pids") == ours["pids"])
    return bool(process.get("machine") == ours["machine"])


def is_alive(process: Mapping[str, Any]) -> bool:
    """Whether the process that :func:`this_process` described is still there.

    A process that cannot be seen from here counts as alive.
    """
    if not is_here(process):
        return bool(process)
    try:
        state, started = _look(process["pid"])
        same = abs(process["started"] - started) < 1
        return process["boot"] == _boot() and same and state not in _ENDED
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


@lru_cache(maxsize=1)
def _boot() -> str:
    """Which boot of which kernel this is; empty where only the start of a process, a time of day, tells that."""
    with suppress(OSError):
        told = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return told.strip().replace("-", "")[:16]
    return ""


@lru_cache(maxsize=1)
def _pids() -> str:
    """The namespace that our pids are of."""
    with suppress(OSError):
        return "".join(filter(str.isdigit, Path("/proc/self/ns/pid").readlink().name))
    return ""


@lru_cache(maxsize=1)
def _machine() -> str:
    """The machine across its boots: a hash, since its id itself is not for everybody to know."""
    import hashlib  # noqa: PLC0415 - once a process, not with `import tracked`

    with suppress(OSError):
        told = Path("/etc/machine-id").read_bytes()
        return hashlib.sha256(b"tracked:" + told.strip()).hexdigest()[:12]
    return ""
