"""A training step that logs ten metrics, on the caller's thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import tracked
from tests.bench.table import Row, compare
from tests.servers import mlflow_server
from tracked import track
from tracked.run import Run

VALUES = {f"metric_{i}": 0.1 + 0.123456 * i for i in range(10)}


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """Against the bare system call, and against MLflow's own logging."""
    rounds = 5 if quick else 15
    tracked.setup_mlflow(tracking_uri=f"records://{folder}/step.records")
    with track.run("bench") as run:
        found = [_against_write(run, folder, rounds)._replace(aim="at most 5")]
        with mlflow_server(folder) as server:
            for name, uri in (("sqlite", f"sqlite:///{folder}/step.db"), ("http", server)):
                found += _against_mlflow(run, name, uri, 5)
    tracked.sync()
    return found


def _against_write(run: Run, folder: Path, rounds: int) -> Row:
    before = run.session.journal.path.stat().st_size
    run.log(VALUES)
    line = run.session.journal.path.read_bytes()[before:]
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        return compare(
            "a step of 10 metrics",
            lambda: track.log(VALUES),
            "one bare os.write of the same bytes",
            lambda: os.write(fd, line),
            (3000, 3000),
            rounds,
        )
    finally:
        os.close(fd)


def _against_mlflow(run: Run, name: str, uri: str, rounds: int) -> Iterator[Row]:
    import mlflow

    steps = count()
    with _plain_run(uri):
        for how, synchronous in (("", True), (", synchronous=False", False)):
            yield compare(
                "a step of 10 metrics",
                lambda: run.log(VALUES),
                f"mlflow.log_metrics on {name}{how}",
                lambda synchronous=synchronous: mlflow.log_metrics(
                    VALUES, next(steps), synchronous=synchronous
                ),
                (1000, 30),
                rounds,
            )


@contextmanager
def _plain_run(uri: str) -> Iterator[None]:
    """A run of MLflow alone: outside of any tracked run."""
    import mlflow

    from tracked.context import current_is

    with current_is(None):
        mlflow.set_tracking_uri(uri)
        with mlflow.start_run():
            yield
