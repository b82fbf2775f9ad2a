"""100,000 points, logged in a naive loop, until they are in the store."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median
from time import perf_counter, time_ns

import tracked
from tests.bench import shippers
from tests.bench.table import Row, shown_time
from tracked import session, track
from tracked.mlflow.stores import ensure_store


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """Shipper warm and cold, against the best that MLflow's client can do: ``log_batch`` of 1000, on sqlite."""
    points, rounds = (10_000, 3) if quick else (100_000, 5)
    os.environ["TRACKED_LINGER"] = "60"
    taken = [_round(folder / f"round-{i}", points) for i in range(rounds)]
    _direct_name = "MlflowClient.log_batch of 1000 by hand"
    found = []
    for index, name, aim in ((1, "shipper warm", "at most 1.5"), (2, "shipper cold", "")):
        ratio = median(times[index] / times[0] for times in taken)
        ours, theirs = median(t[index] for t in taken), median(t[0] for t in taken)
        what = f"{points:,} points until durable, {name}"
        found.append(Row(what, shown_time(ours), _direct_name, shown_time(theirs), ratio, aim))
    return found


def _round(folder: Path, points: int) -> tuple[float, float, float]:
    folder.mkdir()
    templates = session.current().home / "templates"
    for name in ("direct", "warm", "cold"):
        ensure_store(f"sqlite:///{folder}/{name}.db", templates)
    direct = _direct(f"sqlite:///{folder}/direct.db", points)
    tracked.setup_mlflow(tracking_uri=f"sqlite:///{folder}/warm.db")
    with track.run("first"):
        track.log(x=1.0)
    tracked.sync()
    warm = _ours(points)
    tracked.setup_mlflow(tracking_uri=f"sqlite:///{folder}/cold.db")
    cold = _ours(points)
    shippers.end(session.current().home)  # so that they do not disturb the next round
    return direct, warm, cold


def _direct(uri: str, points: int) -> float:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient(uri)
    run = client.create_run("0").info.run_id
    start = perf_counter()
    for first in range(0, points, 1000):
        batch = [
            Metric("loss", i * 0.5, time_ns() // 1_000_000, i)
            for i in range(first, min(points, first + 1000))
        ]
        client.log_batch(run, batch)
    return perf_counter() - start


def _ours(points: int) -> float:
    start = perf_counter()
    with track.run("bench"):
        for i in range(points):
            track.log(loss=i * 0.5)
    if not tracked.sync():
        raise SystemExit("not delivered in time")
    return perf_counter() - start
