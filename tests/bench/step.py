"""A training step that logs ten metrics, on the caller's thread: what it costs, and what of it outlives ``kill -9``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from tests.bench import shippers
from tests.bench.peers import PEERS, VALUES, Place
from tests.bench.table import shown_ratio, shown_time
from tests.servers import mlflow_server
from tracked.mlflow.stores import ensure_store

LAST = 100
"""Steps that are logged before the process is killed."""
_SETTLED, _PATIENCE = 10.0, 60.0
"""Seconds without news after which what was not stored is lost, and seconds for it in all.

A shipper with a store that is slow leaves it alone for 5 seconds at a time: what comes after that is not lost.
"""
_OURS = "tracked"
_AIMS = {_OURS: "p50 at most 6 us, p99 at most 25 us, 100 %"}


class Step(NamedTuple):
    """What a step costs one library; no figures where it is not installed."""

    name: str
    p50: float = 0.0
    p99: float = 0.0
    cpu: float = 0.0
    """Seconds of the caller's thread."""
    ratio: float = 0.0
    """Of the median, to ours in the same round."""
    kept: float = 0.0
    """Of the last points logged before ``kill -9``."""

    HEAD = (
        "who",
        "p50",
        "p99",
        "CPU of the caller",
        "p50 / tracked",
        f"of {LAST * len(VALUES):,} points, kill -9 left",
        "aim",
    )

    @property
    def cells(self) -> tuple[str, ...]:
        """The row, as it is shown."""
        if not self.p50:
            return (self.name, "not installed", *[""] * 5)
        times = map(shown_time, (self.p50, self.p99, self.cpu))
        return (self.name, *times, shown_ratio(self.ratio), f"{self.kept:.0%}", _AIMS.get(self.name, ""))


def rows(folder: Path, *, quick: bool) -> list[Step]:
    """Everybody's step, in rounds that take turns; the quickest first."""
    rounds = 3 if quick else 9
    with ExitStack() as stack:
        server = stack.enter_context(mlflow_server(folder))
        racers = {name: stack.enter_context(racing(name, folder, server)) for name in PEERS if _has(name)}
        taken = [{name: racer.round() for name, racer in racers.items()} for _ in range(rounds)]
        found = [_step(name, taken, racer.kept_of_the_last()) for name, racer in racers.items()]
    missing = [Step(_named(name)) for name in PEERS if name not in racers]
    return sorted(found, key=lambda step: step.p50) + missing


def _step(name: str, taken: list[dict[str, list[float]]], kept: float) -> Step:
    p50, p99, cpu = (median(each[name][i] for each in taken) for i in range(3))
    ratio = median(each[name][0] / each[_OURS][0] for each in taken)
    return Step(_named(name), p50, p99, cpu, ratio, kept)


def _named(name: str) -> str:
    """The name with its version, where it has one of its own."""
    package = PEERS[name].package
    known = package not in (_OURS, "mlflow") and _has(name)
    return f"{name} ({version(package)})" if known else name


def _has(name: str) -> bool:
    with suppress(PackageNotFoundError):
        return bool(version(PEERS[name].package))
    return False


@contextmanager
def racing(name: str, folder: Path, server: str) -> Iterator[Racer]:
    """Somebody's process, ready to log."""
    racer = Racer(name, folder, server)
    try:
        racer.await_ready()
        yield racer
    finally:
        racer.end()


class Racer:
    """The process of one who logs."""

    def __init__(self, name: str, folder: Path, server: str) -> None:
        self.peer = PEERS[name]
        own = folder / name.replace(" ", "-")
        own.mkdir()
        database = (folder if self.peer.is_over_http else own) / "server.db"
        ensure_store(f"sqlite:///{database}", folder / "templates")
        self.place = Place(own, server if self.peer.is_over_http else f"sqlite:///{database}", database, name)
        self._home, self._log = own / "home", own / "log"
        self._logged = 0
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        folder, uri, database, name = map(str, self.place)
        environ = {"TRACKED_HOME": str(self._home), "PYTHONPATH": str(Path(__file__).parents[2])}
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.bench.racer", name, folder, uri, database],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
                cwd=folder,
                env=os.environ | environ,
            )

    def await_ready(self) -> None:
        """Wait until it has begun its run."""
        if self._answer() != "ready":
            told = self._log.read_text(errors="replace")[-2000:]
            raise SystemExit(f"{self.place.name} does not begin:\n{told}")

    def end(self) -> None:
        """End the process and all that it has started."""
        for helper in self._helpers():
            _kill(helper)
        with self._process as process:
            process.kill()
        shippers.end(self._home)

    def round(self) -> list[float]:
        """Median, 99th percentile and CPU of a step, in seconds."""
        self._order("round", self.peer.steps)
        figures: list[float] = json.loads(self._answer())
        return figures

    def kept_of_the_last(self) -> float:
        """Which part of the last points is there after the process was killed."""
        helpers = self._helpers()
        self._order("die", LAST)
        assert self._process.wait(_PATIENCE) == -signal.SIGKILL
        lost = self._logged - self._kept_in_the_end()
        for helper in helpers:  # wandb's may outlive it
            _kill(helper)
        return max(0.0, 1 - lost / (LAST * len(VALUES)))

    def _kept_in_the_end(self) -> int:
        kept, since, until = -1, 0.0, time.monotonic() + _PATIENCE
        while kept < self._logged and time.monotonic() < until:
            if (now := self.peer.kept(self.place)) != kept:
                kept, since = now, time.monotonic()
            elif time.monotonic() - since > _SETTLED:
                break
            time.sleep(0.2)
        return kept

    def _order(self, order: str, steps: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order} {steps}\n")
        self._logged += steps * len(VALUES)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _helpers(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self._process.pid).children(recursive=True)
        return []


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()
