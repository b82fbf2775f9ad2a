"""What the shipper costs and how soon it has delivered: its own processor time, memory, and the wait of whoever waits.

Each figure stands beside what MLflow's own client needs for the same in the same run, or beside the aim.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

import psutil

import tracked
from tests.bench.table import Row, shown_time
from tests.servers import mlflow_server
from tracked import session, track
from tracked.mlflow.stores import ensure_store
from tracked.shipper.status import read_status

_WRITER = """
import sys
from tracked import track
with track.run("writer"):
    for i in range(int(sys.argv[1])):
        track.log(loss=i * 0.5)
"""


class Spent(NamedTuple):
    """What a delivery took."""

    seconds: float
    cpu: float
    """Processor time of the shipper, in seconds."""
    memory: int
    """Bytes that it holds at the end."""


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """Points, many points, many writers, many runs, and nothing to do; on a server and on sqlite."""
    points, rounds, runs = (10_000, 1, 50) if quick else (100_000, 3, 1000)
    os.environ |= {"TRACKED_LINGER": "60", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
    with mlflow_server(folder) as server:
        database = f"sqlite:///{folder}/shipper.db"
        ensure_store(database, session.current().home / "templates")
        found = []
        for name, uri in (("http", server), ("sqlite", database)):
            found += [*_points(name, uri, points, rounds), *_runs(name, uri, runs)]
        found += [_flush(database), _idle(database), *_many(server, folder / "server.db", points)]
    return found


def _points(name: str, uri: str, points: int, rounds: int) -> Iterator[Row]:
    _warm(uri)
    ours = [_spent(lambda: _naive_loop(points)) for _ in range(rounds)]
    direct = [_direct(uri, points // 10) for _ in range(rounds)]
    what = f"{points:,} points of a naive loop, {name}"
    seconds, cpu = median(s.seconds for s in ours), median(s.cpu for s in ours) / points
    theirs = median(d.cpu for d in direct) / (points // 10)
    yield _beside_aim(f"{what}, until visible", seconds, 15.0 * points / 100_000)
    against = "MlflowClient.log_batch of 1000"
    yield Row(
        f"{what}, shipper's CPU a point",
        shown_time(cpu),
        against,
        shown_time(theirs),
        cpu / theirs,
        "at most 8 us" if name == "http" else "",
    )


def _runs(name: str, uri: str, runs: int) -> Iterator[Row]:
    _warm(uri)
    before = _shipper().memory_info().rss
    ours = _spent(lambda: _open_and_close(runs))
    theirs = _direct_runs(uri, max(10, runs // 20))
    per_run = ours.seconds / runs
    against = "create_run, log_batch, set_terminated by hand"
    yield Row(
        f"a run of {runs:,}, {name}, until visible",
        shown_time(per_run),
        against,
        shown_time(theirs),
        per_run / theirs,
    )
    grown = (ours.memory - before) / runs
    yield Row(
        "memory of the shipper a run", f"{grown / 1000:.1f} kB", "aim", "10 kB", grown / 10_000, "at most 1"
    )


def _many(server: str, database: Path, points: int) -> Iterator[Row]:
    """Ten times as many points from one process; and the same from ten processes."""
    _warm(server)
    before = _shipper().memory_info().rss
    for who, writers, each in (("one process", 1, 10 * points), ("ten processes", 10, points)):
        total, there = writers * each, _stored(database)
        spent = _spent(lambda writers=writers, each=each: _writers(server, writers, each))
        if _stored(database) - there != total:
            raise SystemExit(f"{_stored(database) - there} of {total} points are there")
        what = f"{total:,} points from {who}, all there once"
        yield _beside_aim(f"{what}, until visible", spent.seconds, 15.0 * total / 100_000)
        yield _beside_aim(f"{what}, shipper's CPU a point", spent.cpu / total, 8e-6)
        grown = spent.memory - before
        yield Row(f"{what}, memory grown", f"{grown >> 20} MB", "aim", "50 MB", grown / 50e6, "at most 1")


def _stored(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM metrics WHERE key = 'loss'").fetchone()
        return int(count)


def _flush(uri: str) -> Row:
    _warm(uri)
    taken = []
    with track.run("flush"):
        for _ in range(21):
            track.log(x=1.0)
            start = perf_counter()
            session.current().flush()
            taken.append(perf_counter() - start)
            time.sleep(0.13)
    return _beside_aim("a wait for one point, sqlite", median(taken), 0.2)


def _idle(uri: str) -> Row:
    with track.run("idle"):
        track.log(x=1.0)
        session.current().flush()
        time.sleep(1)
        seconds = 10.0
        before = _cpu()
        time.sleep(seconds)
        share = (_cpu() - before) / seconds
    return Row(
        "idle beside a silent writer", f"{share:.2%} of a core", "aim", "0.5%", share / 0.005, "at most 1"
    )


def _beside_aim(what: str, ours: float, aim: float) -> Row:
    return Row(what, shown_time(ours), "aim", shown_time(aim), ours / aim, "at most 1")


def _spent(work: Callable[[], object]) -> Spent:
    start, before = perf_counter(), _cpu()
    work()
    return Spent(perf_counter() - start, _cpu() - before, _shipper().memory_info().rss)


def _warm(uri: str) -> None:
    tracked.setup_mlflow(tracking_uri=uri)
    with track.run("first"):
        track.log(x=1.0)
    _delivered()


def _delivered() -> None:
    if not session.current().flush(600):
        raise SystemExit("not delivered in time")


def _naive_loop(points: int) -> None:
    with track.run("bench"):
        for i in range(points):
            track.log(loss=i * 0.5)
    _delivered()


def _open_and_close(runs: int) -> None:
    for i in range(runs):
        with track.run("one of many", number=i):
            track.log(loss=i * 0.5)
    _delivered()


def _writers(uri: str, count: int, points: int) -> None:
    environ = {**os.environ, "TRACKED_TRACKING_URI": uri, "TRACKED_EXIT_TIMEOUT": "3600"}
    command = [sys.executable, "-c", _WRITER, str(points)]
    writers = [subprocess.Popen(command, env=environ) for _ in range(count)]
    if any(writer.wait() for writer in writers):
        raise SystemExit("a writer failed")


def _shipper() -> psutil.Process:
    return psutil.Process(read_status(session.current().folder.status).pid)


def _cpu() -> float:
    spent = _shipper().cpu_times()
    return spent.user + spent.system


def _direct(uri: str, points: int) -> Spent:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient(uri)
    run = client.create_run("0").info.run_id
    start, before = perf_counter(), process_time()
    for first in range(0, points, 1000):
        batch = [Metric("loss", i * 0.5, 1_700_000_000_000 + i, i) for i in range(first, first + 1000)]
        client.log_batch(run, batch)
    return Spent(perf_counter() - start, process_time() - before, 0)


def _direct_runs(uri: str, runs: int) -> float:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient(uri)
    start = perf_counter()
    for i in range(runs):
        run = client.create_run("0", run_name="one of many").info.run_id
        client.log_batch(run, [Metric("loss", i * 0.5, 1_700_000_000_000, 0)], [Param("number", str(i))])
        client.set_terminated(run)
    return (perf_counter() - start) / runs
