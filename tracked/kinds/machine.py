"""What the figures of a benchmark hold for: the machine, and how much memory the process took."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from .. import tags as t


@cache
def machine_tags() -> dict[str, str]:
    """CPU, machine and Python, as tags."""
    return {
        t.BENCHMARK_CPU: f"{_cpu()}, {_cores()} cores",
        t.BENCHMARK_MACHINE: platform.platform(),
        t.BENCHMARK_PYTHON: f"{platform.python_implementation()} {platform.python_version()}",
    }


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    """Those that this process may use, which in a container may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_rss_mb() -> float:
    """The most memory that this process has had at once, since its start."""
    if sys.platform == "win32":
        import psutil  # noqa: PLC0415 - only Windows has no resource module

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource  # noqa: PLC0415 - not there on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
