"""From the arguments of MLflow's calls to records."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from time import time_ns
from typing import Any

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.utils.name_utils import _generate_random_name
from mlflow.utils.validation import (
    _validate_batch_log_data,
    _validate_batch_log_limits,
    _validate_param_keys_unique,
)

from ... import tags as t
from ...ports import Point
from ...records import Metrics, Opened
from ..aliases import experiment_of


def now() -> int:
    """Milliseconds since the epoch."""
    return time_ns() // 1_000_000


def first_record(experiment_id: str, time: int, tags: dict[str, str], name: str | None) -> Opened:
    """The beginning of a run that MLflow's own API opens, under a new local id.

    Raises:
        MlflowException: two names were given.
    """
    others = {key: value for key, value in tags.items() if key != t.MLFLOW_NAME}
    called = _name(name, tags.get(t.MLFLOW_NAME))
    return Opened(os.urandom(16).hex(), time or now(), called, experiment_of(experiment_id), tags=others)


def _name(given: str | None, tagged: str | None) -> str:
    """The name as MLflow's stores choose it."""
    if given and tagged and given != tagged:
        raise MlflowException(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name='{given}', mlflow.runName='{tagged}').",
            INVALID_PARAMETER_VALUE,
        )
    return given or tagged or str(_generate_random_name())  # type: ignore[no-untyped-call]


def checked(metrics: Any, params: Any, tags: Any) -> tuple[list[Metric], list[Param], list[RunTag]]:
    """The batch as a store of MLflow would take it.

    Raises:
        MlflowException: it would not.
    """
    batch = _validate_batch_log_data(metrics, params, tags)  # type: ignore[no-untyped-call]
    metrics, params, tags = batch
    _validate_batch_log_limits(metrics, params, tags)  # type: ignore[no-untyped-call]
    _validate_param_keys_unique(params)  # type: ignore[no-untyped-call]
    return metrics, params, tags


def metric_records(run: str, points: Iterable[Point]) -> Iterator[Metrics]:
    """As few records as may be: one for neighbours of one time, with each key once."""
    for time, group in groupby(points, key=lambda point: point.time):
        steps: dict[str, int] = {}
        values: dict[str, float] = {}
        for point in group:
            if point.key in values:
                yield Metrics(run, time, steps, values)
                steps, values = {}, {}
            steps[point.key], values[point.key] = point.step, point.value
        yield Metrics(run, time, steps, values)
