"""What the figures of a benchmark hold for: the machine, and how much memory the process took."""

from __future__ import annotations

import platform
import sys
from functools import cache

from .. import tags as t
from ..provenance.machine import cores, cpu


@cache
def machine_tags() -> dict[str, str]:
    """CPU, machine and Python, as tags."""
    return {
        t.BENCHMARK_CPU: f"{cpu()}, {cores()} cores",
        t.BENCHMARK_MACHINE: platform.platform(),
        t.BENCHMARK_PYTHON: f"{platform.python_implementation()} {platform.python_version()}",
    }


def peak_rss_mb() -> float:
    """The most memory that this process has had at once, since its start."""
    if sys.platform == "win32":
        import psutil  # noqa: PLC0415 - only Windows has no resource module

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource  # noqa: PLC0415 - not there on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
