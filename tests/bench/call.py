"""An empty decorated call."""

from __future__ import annotations

from pathlib import Path

import tracked
from tests.bench.table import Row, compare, shown_time, timed


def _nothing(alpha: float = 0.1, epochs: int = 3) -> None:
    """Do nothing."""


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """A root run with two params, opened and closed, against a hand-written MLflow run and an undecorated call."""
    import mlflow

    rounds, calls = (5, 100) if quick else (9, 300)
    tracked.setup_mlflow(tracking_uri=f"records://{folder}/call.records")
    decorated = tracked.tracked_training(_nothing)
    decorated()
    bare = timed(_nothing, 1000)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/call.db")

    def by_hand() -> None:
        with mlflow.start_run():
            mlflow.log_params({"alpha": 0.1, "epochs": 3})
            _nothing()

    row = compare(
        "an empty decorated call",
        decorated,
        "the same by hand, MLflow on sqlite",
        by_hand,
        (calls, 10),
        rounds,
    )
    tracked.sync()
    return [
        row._replace(what=f"an empty decorated call (undecorated: {shown_time(bare)})", aim="at most 150 us")
    ]
