"""Sweeps, trainings, benchmarks and conversions by hand: verbs over the runs that the decorators make too."""

from .benchmark import MLflowBenchmarkTracker
from .conversion import MLflowConversionTracker
from .sweep import MLflowSweepTracker
from .training import MLflowTrainingTracker

__all__ = [
    "MLflowBenchmarkTracker",
    "MLflowConversionTracker",
    "MLflowSweepTracker",
    "MLflowTrainingTracker",
]
