"""Journals to test with: records, writers that are dead, a shipper that delivers once."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tracked import tags as t
from tracked.journal import lines
from tracked.journal.folder import Folder
from tracked.ports import Backend, Point
from tracked.process import this_process
from tracked.records import Closed, Metrics, Opened, Params, Record, Tags, to_json
from tracked.shipper.loop import Shipper
from tracked.testing import MemoryBackend, StoredRun

NOW = 1_700_000_000_000
RUN, OTHER = "a" * 32, "b" * 32
DEAD = {**this_process(), "started": -1.0}
"""A process that had our pid before us."""
ELSEWHERE = {**this_process(), "host": f"not-{socket.gethostname()}"}


def opened(run: str = RUN, name: str = "train", **changes: Any) -> Opened:
    """The first record of a run."""
    return Opened(run, NOW, name, "Default", **changes)


def points(run: str = RUN, count: int = 5, first: int = 0) -> list[Record]:
    """One value at each of so many steps."""
    return [Metrics(run, NOW + step, step, {"acc": step / 8}) for step in range(first, first + count)]


def whole_run(run: str = RUN, count: int = 5) -> list[Record]:
    """A run with something of each kind, that ended well."""
    return [
        opened(run),
        Params(run, {"lr": "0.1"}),
        *points(run, count),
        Tags(run, {"state": "first"}),
        Tags(run, {"state": "last"}),
        Closed(run, NOW + 99, "FINISHED"),
    ]


def journal(
    folder: Folder, records: Iterable[Record], writer: dict[str, Any] = DEAD, name: str = "1-1-one"
) -> Path:
    """A journal file with these records, of a process that is dead unless said otherwise."""
    path = folder.made().path / f"{name}.journal"
    content = [lines.encode(["writer", writer]), *(lines.encode(to_json(record)) for record in records)]
    path.write_bytes(b"".join(content))
    return path


def deliver(folder: Folder, backend: Backend | None = None) -> Any:
    """Deliver all there is, by a new shipper; gives the store."""
    backend = backend or MemoryBackend()
    Shipper(folder, lambda: backend).drain()
    return backend


def aside(folder: Folder) -> list[tuple[str, Any]]:
    """What was put aside: reasons and things."""
    if not folder.aside.exists():
        return []
    found = [line.value for line in lines.parse(folder.aside.read_bytes())]
    return [(entry["reason"], entry["what"]) for entry in found]


def by_local_id(backend: MemoryBackend) -> dict[str, StoredRun]:
    """The runs of the store by our own id; fails if one is there twice."""
    runs = list(backend.runs.values())
    found = {run.tags[t.LOCAL_ID]: run for run in runs}
    assert len(found) == len(runs)
    return found


def steps_of(run: StoredRun) -> list[int]:
    """Steps of all its points, in order of arrival."""
    return [point.step for point in run.points]


def expected_points(count: int = 5, first: int = 0) -> list[Point]:
    """The points of :func:`points`."""
    return [Point("acc", step / 8, NOW + step, step) for step in range(first, first + count)]
