"""All points of all metrics of a run."""

from __future__ import annotations

from pathlib import Path

from mlflow.entities import Metric

from .client import client_for
from .faults import told
from .finder import get_run


def histories(uri: str, run_id: str, templates: Path | None = None) -> dict[str, list[tuple[int, float]]]:
    """Step and value of each point, by metric, in order of steps and then of time.

    Raises:
        RunNotFound: there is no such run.
        BackendUnavailable: the store does not answer.
    """
    keys = get_run(uri, run_id, templates).data.metrics
    found = {}
    for key in keys:
        there = points(uri, run_id, key, templates)
        found[key] = [(p.step, p.value) for p in sorted(there, key=lambda p: (p.step, p.timestamp))]
    return found


def points(uri: str, run_id: str, metric: str, templates: Path | None = None) -> list[Metric]:
    """All points of a metric of a run, in the order in which they came.

    Raises:
        Refused: there is no such run.
        BackendUnavailable: the store does not answer.
    """
    with told():
        there = client_for(uri, templates).get_metric_history(run_id, metric)
    return sorted(there, key=lambda p: (p.timestamp, p.step))
