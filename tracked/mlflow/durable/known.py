"""What the journal knows of a run, as MLflow's entities: the answer while no server gives one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlflow.entities import (
    Experiment,
    LifecycleStage,
    Metric,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunTag,
)
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from ... import tags as t
from ...ports import Point
from ...records import Closed, Metrics, Opened, Params, Record, Tags
from ..aliases import ARTIFACTS, experiment_alias


def unavailable(what: str) -> MlflowException:
    """MLflow's exception for a store that does not answer; raised at once, where MLflow would wait for minutes."""
    return MlflowException(what, TEMPORARILY_UNAVAILABLE)


def points_of(records: Iterable[Record]) -> list[Point]:
    """Every value that was logged, in order."""
    return [
        Point(
            key,
            value,
            record.time,
            record.steps if isinstance(record.steps, int) else record.steps.get(key, 0),
        )
        for record in records
        if isinstance(record, Metrics)
        for key, value in record.values.items()
    ]


def metric(point: Point) -> Metric:
    """The same as MLflow has it."""
    return Metric(point.key, point.value, point.time, point.step)


def run_of(opened: Opened, records: Sequence[Record]) -> Run:
    """The run that begins with ``opened``, as far as its records tell."""
    return Run(_info(opened, records), _data(opened, records), RunInputs([], []), RunOutputs([]))


def first_tags(opened: Opened) -> dict[str, str]:
    """The tags that a run is born with in the store."""
    parent = opened.parent or opened.parent_id
    return {
        **opened.tags,
        **({t.MLFLOW_NAME: opened.name} if opened.name else {}),
        **({t.MLFLOW_PARENT: parent} if parent else {}),
    }


def _info(opened: Opened, records: Sequence[Record]) -> RunInfo:
    tags = _tags(opened, records)
    last = next((record for record in reversed(records) if isinstance(record, Closed | Opened)), opened)
    closed = last if isinstance(last, Closed) else None  # it may have begun again
    return RunInfo(
        run_id=opened.attach or opened.run,
        experiment_id=experiment_alias(opened.experiment),
        user_id=tags.get(t.MLFLOW_USER, "unknown"),
        status=closed.status if closed else "RUNNING",
        start_time=opened.time,
        end_time=closed.time if closed else None,
        lifecycle_stage="active",
        artifact_uri=ARTIFACTS + opened.run,
        run_name=tags.get(t.MLFLOW_NAME, ""),
    )


def _data(opened: Opened, records: Sequence[Record]) -> RunData:
    latest: dict[str, Point] = {}
    params: dict[str, str] = {}
    for point in points_of(records):
        known = latest.get(point.key)
        if known is None or (point.step, point.time, point.value) >= (known.step, known.time, known.value):
            latest[point.key] = point
    for record in records:
        if isinstance(record, Params):
            params = {**record.values, **params}  # the first value stays
    return RunData(
        [metric(point) for point in latest.values()],
        [Param(*pair) for pair in params.items()],
        [RunTag(*pair) for pair in _tags(opened, records).items()],
    )


def _tags(opened: Opened, records: Sequence[Record]) -> dict[str, str]:
    tags = first_tags(opened)
    for record in records:
        if isinstance(record, Tags):
            tags.update(record.values)
    return tags


def to_come(name: str) -> Experiment:
    """An experiment that is made at delivery, if it is not there."""
    return Experiment(experiment_alias(name), name, "", LifecycleStage.ACTIVE)
