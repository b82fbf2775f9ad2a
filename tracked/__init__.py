"""Track MLflow runs without writing MLflow code.

from tracked import track, tracked_training

@tracked_training
def train(lr: float, epochs: int = 5):
    for epoch in range(epochs):
        track.log(loss=...)
    return {"acc": ...}
"""

from __future__ import annotations

import sys

from . import errors, notebook, testing, track
from .azure.client import create_ml_client_from_config
from .decorate import decorator_for
from .downloading import download_artifacts
from .finding import find_best_mlflow_run, find_mlflow_run, find_mlflow_runs, get_mlflow_run_url
from .hashing import get_or_compute_study_key_hash, get_or_compute_trial_key_hash
from .kinds import tracked_benchmark, tracked_conversion, tracked_sweep, tracked_training
from .markers import Artifact, Ignore, Key, Metric, Param, Secret
from .notebook import load_ipython_extension, unload_ipython_extension
from .plan import Kind
from .runs import create_mlflow_run
from .selecting import find_lineage
from .setup import configure, setup_mlflow, sync
from .trackers import (
    MLflowBenchmarkTracker,
    MLflowConversionTracker,
    MLflowSweepTracker,
    MLflowTrainingTracker,
)

__version__ = "0.1.0"

__all__ = [
    "Artifact",
    "Ignore",
    "Key",
    "Kind",
    "MLflowBenchmarkTracker",
    "MLflowConversionTracker",
    "MLflowSweepTracker",
    "MLflowTrainingTracker",
    "Metric",
    "Param",
    "Secret",
    "configure",
    "create_ml_client_from_config",
    "create_mlflow_run",
    "decorator_for",
    "download_artifacts",
    "errors",
    "find_best_mlflow_run",
    "find_lineage",
    "find_mlflow_run",
    "find_mlflow_runs",
    "get_mlflow_run_url",
    "get_or_compute_study_key_hash",
    "get_or_compute_trial_key_hash",
    "load_ipython_extension",
    "setup_mlflow",
    "sync",
    "testing",
    "track",
    "tracked_benchmark",
    "tracked_conversion",
    "tracked_sweep",
    "tracked_training",
    "unload_ipython_extension",
]

if "ipykernel" in sys.modules:  # what is imported into a kernel shows its runs there
    notebook.start()
