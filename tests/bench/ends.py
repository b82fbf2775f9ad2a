"""A program with one run of ten steps: how long until its function begins, and from its end to the program's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import time
from typing import NamedTuple

from tests.bench import shippers
from tests.bench.table import shown_ratio, shown_time
from tracked import session
from tracked.mlflow.stores import ensure_store

_OURS = """
import time
from tracked import track, tracked_training
@tracked_training
def train(alpha: float = 0.1):
    print(time.time())
    for step in range(10):
        track.log(loss=1.0 / (step + 1))
    print(time.time())
train()
"""
_BY_HAND = """
import time, mlflow
def train(alpha: float = 0.1):
    print(time.time())
    for step in range(10):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    print(time.time())
with mlflow.start_run():
    mlflow.log_param("alpha", 0.1)
    train()
"""
_BARE = "import time\nprint(time.time())\nprint(time.time())\n"


class Program(NamedTuple):
    """One program's times, in seconds."""

    what: str
    until: float
    inside: float
    after: float
    ratio: float
    """Of all three to those of ours with a warm shipper."""

    HEAD = (
        "program",
        "start to function",
        "in the function",
        "function to end, all delivered",
        "in all / tracked, warm",
    )

    @property
    def cells(self) -> tuple[str, ...]:
        """The row, as it is shown."""
        times = map(shown_time, (self.until, self.inside, self.after))
        return (self.what, *times, shown_ratio(self.ratio))


def rows(folder: Path, *, quick: bool) -> list[Program]:
    """With a shipper that serves already, without one, by hand, and bare Python, in turns."""
    uri = f"sqlite:///{folder}/ends.db"
    ensure_store(uri, session.current().home / "templates")
    taken = [_round(uri) for _ in range(3 if quick else 7)]
    warm = "tracked, shipper warm"
    return [
        Program(
            name,
            *(median(each[name][i] for each in taken) for i in range(3)),
            median(sum(each[name]) / sum(each[warm]) for each in taken),
        )
        for name in taken[0]
    ]


def _round(uri: str) -> dict[str, tuple[float, float, float]]:
    shippers.end(session.current().home)
    return {
        "tracked, no shipper yet": _timed(_OURS, uri),
        "tracked, shipper warm": _timed(_OURS, uri),
        "by hand, mlflow on sqlite": _timed(_BY_HAND, uri),
        "Python alone": _timed(_BARE, uri),
    }


def _timed(program: str, uri: str) -> tuple[float, float, float]:
    start = time()
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"MLFLOW_TRACKING_URI": uri},
        stdout=subprocess.PIPE,
        check=True,
    )
    begun, ended = map(float, told.stdout.split()[-2:])
    return begun - start, ended - begun, time() - ended
