"""Track MLflow runs without writing MLflow code.

from tracked import track, tracked_training

@tracked_training
def train(lr: float, epochs: int = 5):
    for epoch in range(epochs):
        track.log(loss=...)
    return {"acc": ...}
"""

from __future__ import annotations

import typing

from . import errors, kernels, later, notebook, track
from .decorate import decorator_for
from .kinds.training import tracked_training
from .markers import Artifact, Ignore, Key, Metric, Param, Secret
from .notebook import load_ipython_extension, unload_ipython_extension
from .plan import Kind
from .setup import configure, setup_mlflow, sync

if typing.TYPE_CHECKING:  # the others are loaded when somebody asks for one of them
    from . import testing
    from .azure.client import create_ml_client_from_config
    from .downloading import download_artifacts
    from .finding import find_best_mlflow_run, find_mlflow_run, find_mlflow_runs, get_mlflow_run_url
    from .hashing import get_or_compute_study_key_hash, get_or_compute_trial_key_hash
    from .kinds.benchmark import tracked_benchmark
    from .kinds.conversion import tracked_conversion
    from .kinds.sweep import tracked_sweep
    from .runs import create_mlflow_run
    from .selecting import find_lineage
    from .trackers.benchmark import MLflowBenchmarkTracker
    from .trackers.conversion import MLflowConversionTracker
    from .trackers.sweep import MLflowSweepTracker
    from .trackers.training import MLflowTrainingTracker

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

if not typing.TYPE_CHECKING:  # which would take any name for one of ours
    __getattr__, __dir__ = later.looked_up(
        __name__,
        {
            "MLflowBenchmarkTracker": "trackers.benchmark",
            "MLflowConversionTracker": "trackers.conversion",
            "MLflowSweepTracker": "trackers.sweep",
            "MLflowTrainingTracker": "trackers.training",
            "create_ml_client_from_config": "azure.client",
            "create_mlflow_run": "runs",
            "download_artifacts": "downloading",
            "find_best_mlflow_run": "finding",
            "find_lineage": "selecting",
            "find_mlflow_run": "finding",
            "find_mlflow_runs": "finding",
            "get_mlflow_run_url": "finding",
            "get_or_compute_study_key_hash": "hashing",
            "get_or_compute_trial_key_hash": "hashing",
            "testing": "testing",
            "tracked_benchmark": "kinds.benchmark",
            "tracked_conversion": "kinds.conversion",
            "tracked_sweep": "kinds.sweep",
        },
    )

if kernels.is_kernel():  # what is imported into a kernel shows its runs there
    notebook.start()
