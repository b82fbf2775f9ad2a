"""Many workers on several machines and one MLflow server over PostgreSQL: what each asks of it, and what arrives."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.bench import shippers
from tests.bench.scale_node import METRICS
from tests.bench.table import shown_time
from tests.postgres import postgres, programs
from tests.servers import free_port, serving

NODES = 4
WAYS = {
    "each": "mlflow.log_metric, value by value",
    "batch": "mlflow.log_metrics, a step at once",
    "tracked": "track.log, one shipper a machine",
}
_HEADWAY = 45.0
"""Seconds for all to import what they need and to open their runs."""
_AFTERWARDS = 120.0
"""Seconds that late delivery is waited for."""


class Scale(NamedTuple):
    """One way of logging."""

    what: str
    offered: float
    """Points a second."""
    logged: float
    """The same, of those that the callers were told were logged."""
    stored: float
    """Of the points logged, how many are in the store in the end."""
    late: float
    """Seconds from the end of logging until nothing more came."""
    requests: float
    """A second and worker, while they logged."""
    sent: float
    """Bytes a second and worker, to the server."""
    refused: int
    """Requests that were not answered with success."""
    waits: Sequence[float]

    HEAD = (
        *("way", "offered", "logged", "stored in the end", "late by", "requests a second and worker"),
        *("bytes a second and worker", "requests refused", "a step waits, p50", "p99"),
    )

    @property
    def cells(self) -> tuple[str, ...]:
        """The row, as it is shown."""
        waits = sorted(self.waits) or [0.0]
        return (
            self.what,
            f"{self.offered:.0f}/s",
            f"{self.logged:.0f}/s",
            f"{self.stored:.1%}",
            f"{self.late:.0f} s",
            f"{self.requests:.3g}",
            f"{self.sent:.0f}",
            str(self.refused),
            shown_time(median(waits)),
            shown_time(waits[int(0.99 * (len(waits) - 1))]),
        )


def rows(folder: Path, *, quick: bool) -> list[Scale]:
    """Each way on a server and a database of its own."""
    if programs() is None:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    workers, seconds = (40, 10.0) if quick else (200, 60.0)
    with postgres() as database:
        uri = f"postgresql+psycopg2://{database}"
        return [_measured(way, folder / way, uri, workers, seconds) for way in WAYS]


def _measured(way: str, folder: Path, database: str, workers: int, seconds: float) -> Scale:
    folder.mkdir()
    store = f"{database.rpartition('/')[0]}/{way}"
    _execute(database, f"create database {way}", write=True)
    with serving(folder, store) as server, _counted(server) as wire:
        before = _requests(folder)
        begin = time.time() + _HEADWAY
        nodes = [
            _node(way, folder / f"node{i}", wire.uri, workers // NODES, seconds, begin) for i in range(NODES)
        ]
        time.sleep(max(0.0, begin - time.time()))
        first, bytes_first = _requests(folder), wire.sent
        time.sleep(seconds)
        last, bytes_last = _requests(folder), wire.sent
        told = [_told(node, folder / f"node{i}" / "log") for i, node in enumerate(nodes)]
        logged = sum(part["points"] for part in told)
        stored, late = _settled(store, logged)
        for i in range(NODES):
            shippers.end(folder / f"node{i}" / "home")
        return Scale(
            WAYS[way],
            workers * METRICS,
            logged / seconds,
            stored / logged if logged else 0.0,
            late,
            (last.all - first.all) / workers / seconds,
            (bytes_last - bytes_first) / workers / seconds,
            _requests(folder).refused - before.refused,
            [wait for part in told for wait in part["waits"]],
        )


def _node(
    way: str, folder: Path, uri: str, workers: int, seconds: float, begin: float
) -> subprocess.Popen[bytes]:
    folder.mkdir()
    given = (way, uri, str(workers), str(seconds), str(begin))
    environ = {**os.environ, "TRACKED_HOME": str(folder / "home"), "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.scale_node", *given],
        cwd=Path(__file__).parents[2],
        env={**environ, "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"},
        stdout=subprocess.PIPE,
        stderr=(folder / "log").open("wb"),
    )


def _told(node: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    line, _ = node.communicate()
    if node.returncode:
        raise SystemExit(f"a machine broke down: {log.read_text()[-2000:]}")
    return dict(json.loads(line))


def _settled(store: str, expected: int) -> tuple[int, float]:
    """How many points are stored once all are or nothing more comes, and after how long."""
    began = changed = time.monotonic()
    found = -1
    while time.monotonic() - began < _AFTERWARDS and time.monotonic() - changed < 20:
        now = int(_execute(store, "select count(*) from metrics"))
        if now != found:
            found, changed = now, time.monotonic()
        if found >= expected:
            break
        time.sleep(0.5)
    return found, changed - began


def _execute(uri: str, statement: str, *, write: bool = False) -> str:
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        done = connection.execute(sqlalchemy.text(statement))
        return "" if write else str(done.scalar())


class Requests(NamedTuple):
    """What the server's log tells of the requests that it has answered."""

    all: int
    refused: int


def _requests(folder: Path) -> Requests:
    answers = re.findall(r'HTTP/1\.1" (\d)\d\d', (folder / "server.log").read_text(errors="replace"))
    return Requests(len(answers), sum(answer != "2" for answer in answers))


class Wire:
    """A way to the server on which bytes are counted."""

    def __init__(self, server: str) -> None:
        self.sent = 0
        self._to = urlsplit(server).port
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"

    async def serve(self) -> None:
        """Hand on until cancelled."""
        async with await asyncio.start_server(self._hand_on, "127.0.0.1", self.port, backlog=1000) as server:
            await server.serve_forever()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asked = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            await asyncio.gather(
                self._copy(reader, asked, counts=True), self._copy(answers, writer, counts=False)
            )
        except OSError:
            pass  # one side has gone
        finally:
            asked.close()
            writer.close()

    async def _copy(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        while chunk := await source.read(1 << 16):
            self.sent += len(chunk) if counts else 0
            target.write(chunk)
            await target.drain()
        target.close()


@contextmanager
def _counted(server: str) -> Iterator[Wire]:
    wire, loop = Wire(server), asyncio.new_event_loop()
    serving_ = loop.create_task(wire.serve())
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(asyncio.gather(serving_, return_exceptions=True))
    )
    thread.start()
    try:
        yield wire
    finally:
        loop.call_soon_threadsafe(serving_.cancel)
        thread.join()
