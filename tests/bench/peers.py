"""Those who log a step of ten metrics: ourselves, the bare system call, and the libraries that people use.

For each: how it begins, what one step is, and how many points can be found once its process is gone.
"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

VALUES = {f"metric_{i}": 0.1 + 0.123456 * i for i in range(10)}


class Place(NamedTuple):
    """Where somebody logs to."""

    folder: Path
    """Their own."""
    uri: str
    """An MLflow store, for those who need one."""
    database: Path
    """The file behind that store, which others may share: each names its run after itself."""
    name: str


def _nothing() -> None:
    """Nothing is to be done."""


class Race(NamedTuple):
    """Somebody who is ready."""

    log: Callable[[int], object]
    """Logs the ten metrics of this step."""
    before: Callable[[], object] = _nothing
    after: Callable[[], object] = _nothing
    """What is done around a round and not measured, so that one's work of later does not disturb the next."""


class Peer(NamedTuple):
    """Somebody who logs."""

    package: str
    begin: Callable[[Place], Race]
    kept: Callable[[Place], int]
    """How many points are in the store, or in the file, whoever has to read them."""
    steps: int
    """Of a round."""
    is_over_http: bool = False


def bare_write(folder: Path) -> Callable[[], int]:
    """One system call with the bytes of such a step."""
    from tracked.journal import lines
    from tracked.records import Metrics, to_json

    line = lines.encode(to_json(Metrics("a" * 32, 1_700_000_000_000, 1000, VALUES)))
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda: os.write(fd, line)


def _bare(place: Place) -> Race:
    write = bare_write(place.folder)
    return Race(lambda step: write())


def _kept_bare(place: Place) -> int:
    return sum(len(json.loads(line[9:])[4]) for line in (place.folder / "bare").open() if line.strip())


def _tracked(place: Place, backlog: int = 0) -> Race:
    import tracked
    from tracked import session, track

    tracked.setup_mlflow(tracking_uri=place.uri)
    behind = track.run("behind").__enter__()
    track.run(place.name).__enter__()

    def leave_behind() -> None:
        for _ in range(backlog):
            behind.log(VALUES)
        while backlog and session.current().status().phase != "shipping":
            time.sleep(0.005)

    def deliver() -> None:
        if not tracked.sync():
            raise SystemExit("not delivered in time")
        time.sleep(0.1)  # until the shipper sleeps

    return Race(lambda step: track.log(VALUES), leave_behind, deliver)


def _mlflow(place: Place, *, synchronous: bool) -> Race:
    import mlflow

    mlflow.set_tracking_uri(place.uri)
    mlflow.start_run(run_name=place.name)
    after = _nothing if synchronous else mlflow.flush_async_logging
    return Race(lambda step: mlflow.log_metrics(VALUES, step, synchronous=synchronous), after=after)


def _lightning(place: Place) -> Race:
    from pytorch_lightning.loggers import MLFlowLogger

    logger = MLFlowLogger(tracking_uri=place.uri, run_name=place.name)
    return Race(lambda step: logger.log_metrics(VALUES, step))


def _in_mlflow(place: Place) -> int:
    select = "SELECT count(*) FROM metrics JOIN runs USING (run_uuid) WHERE runs.name = ?"
    with closing(sqlite3.connect(place.database, timeout=30)) as connection:
        return int(connection.execute(select, [place.name]).fetchone()[0])


def _wandb(place: Place) -> Race:
    import wandb

    settings = wandb.Settings(silent=True, console="off", x_disable_stats=True)
    run = wandb.init(project="bench", mode="offline", dir=str(place.folder), settings=settings)
    return Race(lambda step: run.log(VALUES, step=step))


def _kept_wandb(place: Place) -> int:
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = place.folder.rglob("*.wandb")
    records = (Record.FromString(data) for data in _entries(path.read_bytes()))
    keys = ((*item.nested_key, item.key)[0] for record in records for item in record.history.item)
    return sum(key in VALUES for key in keys)


def _entries(data: bytes, at: int = 7) -> Iterator[bytes]:
    """LevelDB's log: blocks of 32 kB, and entries in pieces that begin with checksum, size and kind."""
    parts = b""
    while len(data) >= at + 7:
        if (left := -at % 0x8000) and left < 7:
            at += left
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)
        if not kind or len(data) < (at := at + 7 + size):
            return
        parts = data[at - size : at] if kind in (_WHOLE, _FIRST) else parts + data[at - size : at]
        if kind in (_WHOLE, _LAST):
            yield parts


_WHOLE, _FIRST, _LAST = 1, 2, 4


def _trackio(place: Place) -> Race:
    os.environ["TRACKIO_DIR"] = str(place.folder / "trackio")
    import trackio

    run = trackio.init(project="bench", embed=False)
    return Race(lambda step: run.log(VALUES, step=step))


def _kept_trackio(place: Place) -> int:
    (database,) = (place.folder / "trackio").glob("bench*.db")
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT metrics FROM metrics").fetchall()
    return sum(len(VALUES.keys() & json.loads(row).keys()) for (row,) in rows)


def _tensorboard(place: Place) -> Race:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(place.folder / "events"))

    def log(step: int) -> None:
        for key, value in VALUES.items():
            writer.add_scalar(key, value, step)

    return Race(log, after=writer.flush)


def _kept_tensorboard(place: Place) -> int:
    (path,) = (place.folder / "events").iterdir()
    return max(0, sum(1 for _ in _events(path.read_bytes())) - 1)  # the first tells the version


def _events(data: bytes) -> Iterator[bytes]:
    at = 0
    while len(data) >= at + 12:
        (size,) = struct.unpack_from("<Q", data, at)
        end = at + 16 + size
        if len(data) >= end:
            yield data[at + 12 : end - 4]
        at = end


def _dvclive(place: Place) -> Race:
    from dvclive import Live

    live = Live(str(place.folder / "dvclive"), save_dvc_exp=False, dvcyaml=None, monitor_system=False)

    def log(step: int) -> None:
        for key, value in VALUES.items():
            live.log_metric(key, value)
        live.next_step()

    return Race(log)


def _kept_dvclive(place: Place) -> int:
    files = (place.folder / "dvclive" / "plots").rglob("*.tsv")
    return sum(len(path.read_text().splitlines()) - 1 for path in files)


PEERS = {
    "tracked": Peer("tracked", _tracked, _in_mlflow, 1000),
    "tracked, its shipper busy": Peer("tracked", partial(_tracked, backlog=2000), _in_mlflow, 1000),
    "a bare os.write of the same bytes": Peer("tracked", _bare, _kept_bare, 1000),
    "trackio": Peer("trackio", _trackio, _kept_trackio, 1000),
    "wandb, offline": Peer("wandb", _wandb, _kept_wandb, 500),
    "tensorboardX": Peer("tensorboardX", _tensorboard, _kept_tensorboard, 300),
    "dvclive": Peer("dvclive", _dvclive, _kept_dvclive, 50),
    "mlflow, sqlite": Peer("mlflow", partial(_mlflow, synchronous=True), _in_mlflow, 100),
    "mlflow, sqlite, synchronous=False": Peer("mlflow", partial(_mlflow, synchronous=False), _in_mlflow, 100),
    "mlflow, http": Peer("mlflow", partial(_mlflow, synchronous=True), _in_mlflow, 50, is_over_http=True),
    "mlflow, http, synchronous=False": Peer(
        "mlflow", partial(_mlflow, synchronous=False), _in_mlflow, 100, is_over_http=True
    ),
    "Lightning's MLFlowLogger, sqlite": Peer("pytorch_lightning", _lightning, _in_mlflow, 100),
}
