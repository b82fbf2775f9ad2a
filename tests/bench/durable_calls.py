"""MLflow's own ``log_metric`` through the durable store, against the same call to a real server."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from statistics import median

import tracked
from tests.bench.table import Row, shown_time, timed
from tests.servers import mlflow_server
from tracked.mlflow.aliases import durable_uri


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """One value, against a server and against sqlite."""
    rounds = 5 if quick else 11
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    with mlflow_server(folder) as server:
        stores = (("http", server, "at most 1/30"), ("sqlite", f"sqlite:///{folder}/own.db", ""))
        found = [_row(name, uri, rounds)._replace(aim=aim) for name, uri, aim in stores]
        tracked.sync()
        return found


def _row(name: str, uri: str, rounds: int) -> Row:
    tracked.setup_mlflow(tracking_uri=uri, durable=True)
    _round(durable_uri(uri), 10)
    tracked.sync()  # the shipper has started: that is not measured
    pairs = [(_round(durable_uri(uri), 300), _round(uri, 20)) for _ in range(rounds)]
    mine, theirs = (shown_time(median(side)) for side in zip(*pairs, strict=True))
    ratio = median(ours / plain for ours, plain in pairs)
    return Row(f"mlflow.log_metric, tracked+{name}", mine, f"mlflow.log_metric, {name}", theirs, ratio)


def _round(uri: str, calls: int) -> float:
    """The median time of a call in a run of its own, in seconds."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    steps = count()
    with mlflow.start_run():
        return timed(lambda: mlflow.log_metric("loss", 0.5, next(steps)), calls)
