"""``@tracked_benchmark``: how fast a function is."""

from __future__ import annotations

from typing import Any

from ..decorate import decorator_for
from ..plan import Kind
from .benchmark_options import BenchmarkOptions
from .sources import source_run


def _drive(*call: Any) -> Any:
    from .measuring import drive  # noqa: PLC0415 - loaded when a benchmark runs

    return drive(*call)


BENCHMARK = Kind(
    "benchmark",
    parents=("training", "conversion"),
    drive=_drive,
    source=source_run,
    is_described=True,
)
tracked_benchmark = decorator_for(BENCHMARK, BenchmarkOptions)
