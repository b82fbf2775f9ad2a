"""Finding runs among many: the best, one by its key, a page as a table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.bench.table import Row, compare
from tests.many_runs import EXPERIMENT, call_key, fill
from tests.servers import serving


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """On our own store, on one that MLflow made, and over a server."""
    few, many = (500, 1000) if quick else (10_000, 50_000)
    ours, stock, large = (folder / f"{name}.db" for name in ("ours", "stock", "large"))
    fill(ours, few, folder / "templates")
    fill(stock, few, folder / "templates", stock=True)
    fill(large, many, folder / "templates", stock=True)
    return [
        *_by_key(f"sqlite:///{ours}", few),
        *_best_of_large(large, many),
        *_tables(f"sqlite:///{ours}"),
        *_improved(stock, few),
        *_over_a_server(folder, stock, few),
    ]


def _by_key(uri: str, runs: int) -> list[Row]:
    from tracked.mlflow.client import client_for
    from tracked.mlflow.lookup import find_one

    key, client = call_key(runs // 2), client_for(uri)

    def by_hand() -> object:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment is not None
        return client.search_runs(
            [experiment.experiment_id], f"tags.`tracked.call_key` = '{key}'", max_results=2
        )

    row = compare(
        f"one of {runs:,} runs by its key, our store",
        lambda: find_one(uri, EXPERIMENT, {"call_key": key}).run_id,
        "MLflow's two calls by hand",
        by_hand,
        (20, 20),
        7,
    )
    return [row._replace(aim="at most 10 ms and 1")]


def _best_of_large(database: Path, runs: int) -> list[Row]:
    """MLflow's ``order_by`` would take minutes: the bare SQL is what there is to compare with."""
    from tracked.mlflow.best import find_best

    query = (
        "SELECT r.run_uuid FROM latest_metrics m JOIN runs r ON r.run_uuid = m.run_uuid WHERE m.key = 'f1' "
        "AND m.is_nan = 0 AND r.experiment_id = 7 AND r.lifecycle_stage = 'active' ORDER BY m.value DESC LIMIT 1"
    )
    uri = f"sqlite:///{database}"
    with closing(sqlite3.connect(database)) as connection:
        asked = {
            "the best": {},
            "the best of a stage": {"filter_string": "tags.stage = 'hpo_trial'"},
            "the best, asked as data": {"where": {"stage": ["hpo_trial", "training"], "m1": None}},
        }
        return [
            compare(
                f"{what} of {runs:,} runs, MLflow's sqlite",
                lambda more=more: find_best(uri, EXPERIMENT, maximize="f1", **more),
                "the bare SQL for the best",
                lambda: connection.execute(query).fetchall(),
                (1, 1),
                5,
            )._replace(aim="less than 1 s")
            for what, more in asked.items()
        ]


def _tables(uri: str) -> list[Row]:
    import mlflow

    from tracked.mlflow.frames import to_pandas

    mlflow.set_tracking_uri(uri)
    return [
        compare(
            "1000 runs as a table of pandas",
            lambda: to_pandas(uri, EXPERIMENT, max_results=1000),
            "mlflow.search_runs",
            lambda: mlflow.search_runs(experiment_names=[EXPERIMENT], max_results=1000),
            (1, 1),
            5,
        )
    ]


def _improved(database: Path, runs: int) -> list[Row]:
    """MLflow's own ``order_by`` on a copy of its own database, with our statistics and without."""
    from tracked.mlflow.client import client_for
    from tracked.mlflow.stores import improve

    copy = database.with_name("improved.db")
    copy.write_bytes(database.read_bytes())
    improve(f"sqlite:///{copy}")
    before, after = (client_for(f"sqlite:///{each}") for each in (database, copy))

    def by_order(client: object) -> Callable[[], object]:
        return lambda: client.search_runs(["7"], order_by=["metrics.f1 DESC"], max_results=1)  # type: ignore[attr-defined]

    what = f"MLflow's own order_by over {runs:,} runs, improve()d"
    return [compare(what, by_order(after), "the same, not improved", by_order(before), (3, 1), 3)]


def _over_a_server(folder: Path, database: Path, runs: int) -> list[Row]:
    from tracked.mlflow.best import find_best
    from tracked.mlflow.client import client_for

    with serving(folder, f"sqlite:///{database}") as uri:
        client = client_for(uri)
        row = compare(
            f"the best of {runs:,} runs over mlflow server",
            lambda: find_best(uri, EXPERIMENT, maximize="f1"),
            "MLflow's order_by",
            lambda: client.search_runs(["7"], order_by=["metrics.f1 DESC"], max_results=1),
            (3, 1),
            5,
        )
        return [row._replace(aim="at most 1/20")]
