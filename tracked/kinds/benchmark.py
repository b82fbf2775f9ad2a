"""``@tracked_benchmark``: how fast a model is."""

from __future__ import annotations

from ..decorate import decorator_for
from ..plan import Kind

BENCHMARK = Kind("benchmark", parents=("training", "conversion"))
tracked_benchmark = decorator_for(BENCHMARK)
