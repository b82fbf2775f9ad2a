"""The four kinds of work, each a small file over one mechanism."""

from __future__ import annotations

from .benchmark import BENCHMARK, tracked_benchmark
from .conversion import CONVERSION, tracked_conversion
from .sweep import SWEEP, tracked_sweep
from .sweep_values import Sweep
from .training import TRAINING, tracked_training

__all__ = [
    "BENCHMARK",
    "CONVERSION",
    "SWEEP",
    "TRAINING",
    "Sweep",
    "tracked_benchmark",
    "tracked_conversion",
    "tracked_sweep",
    "tracked_training",
]
