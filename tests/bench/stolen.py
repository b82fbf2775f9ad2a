"""What tracking takes from a busy pure-Python loop, from the machine beside it, and of memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time, thread_time, time_ns

import psutil

import tracked
from tests.bench import shippers
from tests.bench.peers import VALUES, bare_write
from tests.bench.table import Row, shown_time
from tests.servers import mlflow_server
from tracked import session, track
from tracked.mlflow.stores import ensure_store

MILLION = 1_000_000
_GROWTH = """
import os, sys, time, psutil
{begin}
rss = lambda: psutil.Process().memory_info().rss
for step in range(1000): log(step)
before = rss()
for step in range(1000, 101_000): log(step)
print(rss() - before, flush=True)
os._exit(0)
"""
"""A process that logs a million points, and tells by how many bytes it has grown; it waits for no delivery."""
_TRACKED = """
from tests.bench.peers import VALUES
from tracked import setup_mlflow, track
setup_mlflow(tracking_uri=f"records://{os.getcwd()}/memory.records")
track.run("memory").__enter__()
log = lambda step: track.log(VALUES)
"""
_QUEUED = """
from mlflow.entities import Metric
from tests.bench.peers import VALUES
queue = []
log = lambda step: queue.extend([Metric(key, value, time.time_ns(), step) for key, value in VALUES.items()])
"""


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """The loop's own CPU, the shipper's on sqlite and over http, and the writer's memory."""
    store = f"sqlite:///{folder}/stolen.db"
    ensure_store(store, session.current().home / "templates")
    found = _stolen(folder, store, 5 if quick else 9)
    points = 10_000 if quick else 30_000
    with mlflow_server(folder) as server:
        found += [_shippers(name, uri, points) for name, uri in (("sqlite", store), ("http", server))]
    return [*found, _memory()]


def _stolen(folder: Path, uri: str, rounds: int) -> list[Row]:
    """The loop is cold for what it calls once in a millisecond: the bare system call shows how much that is."""
    tracked.setup_mlflow(tracking_uri=uri)
    spins = _spins(0.001)
    with track.run("bench"):
        track.log(VALUES)
        callers = (_nothing, lambda: track.log(VALUES), bare_write(folder))
        taken = [[_second(spins, log) for log in callers] for _ in range(rounds)]
    tracked.sync()
    work = median(each[0] for each in taken)
    whose = ((1, "a step of 10 metrics", "less than 1/50"), (2, "a bare os.write of the same bytes", ""))
    return [
        _share(f"{what}, 1,000 a second", work, median((each[i] - each[0]) / each[0] for each in taken), aim)
        for i, what, aim in whose
    ]


def _share(what: str, work: float, part: float, aim: str) -> Row:
    what = f"{what}: {part:.1%} of a busy loop's CPU"
    return Row(what, shown_time(part * work), "the loop's own work at each step", shown_time(work), part, aim)


def _nothing() -> None:
    """Log nothing."""


def _spins(seconds: float) -> int:
    """Turns of the loop that take so much CPU."""
    return int(100_000 * seconds / median(_cpu(lambda: _spin(100_000)) for _ in range(9)))


def _spin(turns: int) -> int:
    total = 0
    for i in range(turns):
        total += i * i
    return total


def _second(spins: int, log: Callable[[], object]) -> float:
    def steps() -> None:
        for _ in range(1000):
            _spin(spins)
            log()

    return _cpu(steps) / 1000


def _cpu(call: Callable[[], object]) -> float:
    start = thread_time()
    call()
    return thread_time() - start


def _shippers(name: str, uri: str, points: int) -> Row:
    """In the shipper's whole process, and in that of a program which sends batches of 1000 by hand."""
    tracked.setup_mlflow(tracking_uri=uri)
    with track.run("first"):
        track.log(x=1.0)
    tracked.sync()
    pairs = [(_shipped(points), _sent(uri, points)) for _ in range(3)]
    mine, theirs = (median(side) / points for side in zip(*pairs, strict=True))
    aim = "at most 8 us" if name == "http" else ""
    what = f"a point's delivery over {name}, CPU of the shipper"
    what += f" ({shown_time(mine * MILLION)} for a million)"
    other = "MlflowClient.log_batch of 1000, CPU of its process"
    return Row(what, shown_time(mine), other, shown_time(theirs), median(a / b for a, b in pairs), aim)


def _shipped(points: int) -> float:
    (pid,) = (pid for pid in shippers.pids(session.current().home) if pid == session.current().status().pid)
    shipper = psutil.Process(pid)
    before = shipper.cpu_times()
    with track.run("bench"):
        for i in range(points):
            track.log(loss=i * 0.5)
    if not tracked.sync():
        raise SystemExit("not delivered in time")
    after = shipper.cpu_times()
    return after.user + after.system - before.user - before.system


def _sent(uri: str, points: int) -> float:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient(uri)
    run = client.create_run("0").info.run_id
    start = process_time()
    for first in range(0, points, 1000):
        now = time_ns() // 1_000_000
        client.log_batch(run, [Metric("loss", i * 0.5, now, i) for i in range(first, first + 1000)])
    return process_time() - start


def _memory() -> Row:
    """Of the writer's process; MLflow's asynchronous logging holds entities until they are sent."""
    grown = [(_growth(_TRACKED), _growth(_QUEUED)) for _ in range(3)]
    mine, theirs = (f"{median(side) / 1e6:.1f} MB" for side in zip(*grown, strict=True))
    what = "a million points logged, growth of the writer"
    ratio = median(ours / queued for ours, queued in grown)
    return Row(what, mine, "as many of MLflow's entities, as a queue holds them", theirs, ratio)


def _growth(begin: str) -> int:
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    program = [sys.executable, "-c", _GROWTH.format(begin=begin)]
    return int(subprocess.run(program, env=environ, stdout=subprocess.PIPE, check=True).stdout)
