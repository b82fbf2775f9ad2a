"""Reading runs back with plain MLflow, nothing of ours in between."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient

from tracked.ports import OURS, Point
from tracked.testing import StoredRun


def read_run(client: MlflowClient, run_id: str) -> StoredRun:
    """The run with its whole metric history and the bytes of its artifacts."""
    run = client.get_run(run_id)
    points = [
        Point(metric.key, metric.value, metric.timestamp, metric.step)
        for key in run.data.metrics
        for metric in client.get_metric_history(run_id, key)
    ]
    return StoredRun(
        run_id,
        run.info.run_name,
        client.get_experiment(run.info.experiment_id).name,
        run.info.start_time,
        run.info.status,
        run.info.end_time,
        dict(run.data.params),
        dict(run.data.tags),
        dict.fromkeys(points),
        read_artifacts(client, run_id),
    )


def read_artifacts(client: MlflowClient, run_id: str) -> dict[str, bytes]:
    """Every artifact of the run, by its path, but for our own manifests of them."""
    if not client.list_artifacts(run_id):
        return {}
    with TemporaryDirectory() as folder:
        top = Path(client.download_artifacts(run_id, "", folder))
        return {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in top.rglob("*")
            if path.is_file() and path.relative_to(top).parts[0] != OURS
        }


def all_runs(client: MlflowClient, experiment: str = "Default") -> dict[str, StoredRun]:
    """Every run of an experiment, by its id."""
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return {}
    runs = client.search_runs([found.experiment_id], max_results=5000)
    return {run.info.run_id: read_run(client, run.info.run_id) for run in runs}
