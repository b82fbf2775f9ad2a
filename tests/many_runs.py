"""Stores of many thousand runs, made of rows in seconds: through MLflow it would take minutes."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tracked import tags as t
from tracked.mlflow.stores import ensure_store

EXPERIMENT = "many"
START = 1_700_000_000_000
_LABELS, _INPUTS, _NUMBERS = 20, 20, 5


def fill(database: Path, runs: int, templates: Path | None = None, *, stock: bool = False) -> None:
    """Make a store of so many runs with 20 tags, 20 params and 5 metrics each.

    Args:
        database: the file that appears.
        runs: how many; the ``i``-th began ``i`` seconds after ``START`` and carries ``call_key(i)``.
        templates: ready databases.
        stock: as MLflow itself makes it: no index and no statistics of ours.
    """
    ensure_store(f"sqlite:///{database}", templates or database.parent / "templates")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        if stock:
            connection.execute("DROP INDEX tracked_tags_by_value")
            connection.execute("DELETE FROM sqlite_stat1")
        _experiment(connection, database)
        for table, rows in _tables(runs).items():
            _insert(connection, table, rows)


def call_key(i: int) -> str:
    """The key of the i-th run: its own."""
    return f"{i:064x}"


def value(i: int) -> float:
    """``metrics.f1`` of the i-th run: in no order that the start times have."""
    return random.Random(i).random()


def _experiment(connection: sqlite3.Connection, database: Path) -> None:
    connection.execute(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) VALUES (7, ?, ?, 'active')",
        [EXPERIMENT, f"{database.parent.as_uri()}/artifacts"],
    )


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    places = ", ".join(f":{name}" for name in first)
    statement = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({places})"
    connection.execute(statement, first)
    connection.executemany(statement, rows)


def _tables(runs: int) -> dict[str, Iterator[dict[str, Any]]]:
    ids = [f"{random.Random(-i).getrandbits(128):032x}" for i in range(1, runs + 1)]
    return {
        "runs": (_run(i, run) for i, run in enumerate(ids)),
        "tags": (row for i, run in enumerate(ids) for row in _tags(i, run)),
        "params": (
            {"run_uuid": run, "key": f"p{k}", "value": str((i * k) % 97)}
            for i, run in enumerate(ids)
            for k in range(_INPUTS)
        ),
        "latest_metrics": (row for i, run in enumerate(ids) for row in _metrics(i, run)),
    }


def _run(i: int, run: str) -> dict[str, Any]:
    return {
        "run_uuid": run,
        "name": f"run-{i}",
        "source_type": "LOCAL",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "me",
        "status": "FINISHED" if i % 10 else "FAILED",
        "start_time": START + 1000 * i,
        "end_time": START + 1000 * i + 500,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"artifacts/{run}",
        "experiment_id": 7,
    }


def _tags(i: int, run: str) -> Iterator[dict[str, Any]]:
    own = {t.MLFLOW_NAME: f"run-{i}", t.STAGE: "hpo_trial" if i % 4 else "training", t.CALL_KEY: call_key(i)}
    own |= {f"label{k}": f"value {(i + k) % 50}" for k in range(_LABELS - len(own))}
    return ({"run_uuid": run, "key": key, "value": text} for key, text in own.items())


def _metrics(i: int, run: str) -> Iterator[dict[str, Any]]:
    numbers = {"f1": value(i)} | {f"m{k}": float((i * k) % 1009) for k in range(1, _NUMBERS)}
    return (
        {"run_uuid": run, "key": key, "value": number, "timestamp": START, "step": 0, "is_nan": 0}
        for key, number in numbers.items()
    )
