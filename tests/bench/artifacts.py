"""A folder of 50 files, 200 MB in all: keeping it, delivering it, and keeping it once more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.bench.table import Row, shown_time
from tests.servers import mlflow_server
from tracked.journal.folder import Folder
from tracked.journal.snapshot import Shelf, taken
from tracked.mlflow.artifacts.repository import Repository
from tracked.mlflow.artifacts.upload import Uploads
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.ports import File
from tracked.records import Artifact, Opened

COPY = "shutil.copytree"


class Counting(Repository):
    """Artifacts, and how many bytes of files went to them; manifests are none."""

    moved = 0

    def put(self, source: Path, name: str) -> None:
        if not name.startswith(".tracked/"):
            Counting.moved += source.stat().st_size
        super().put(source, name)


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """The caller's time and the store's against a plain copy, in turns."""
    files, size, rounds = (10, 1 << 20, 3) if quick else (50, 4 << 20, 7)
    source = _made(folder / "model", files, size)
    what = f"{files} files, {files * size / 1e6:.0f} MB"
    found = _keeping(folder, source, what, rounds)
    uri = f"sqlite:///{folder}/artifacts.db"
    found += _delivering(folder, source, f"{what} to a folder", uri, rounds)
    with mlflow_server(folder) as server:
        found += _delivering(folder, source, f"{what} over http", server, 3)
    return found


def _made(folder: Path, files: int, size: int) -> Path:
    folder.mkdir()
    for number in range(files):
        (folder / f"part-{number}.bin").write_bytes(os.urandom(size))
    return folder


def _keeping(folder: Path, source: Path, what: str, rounds: int) -> list[Row]:
    times = []
    for number in range(rounds):
        place = Folder(folder / f"kept-{number}").made()
        copy = folder / f"copy-{number}"
        copied = _seconds(partial(shutil.copytree, source, copy))
        kept = _seconds(partial(_keep, Shelf(place), source))
        moved = _seconds(partial(_keep, Shelf(place, move=True), copy))
        times.append((copied, kept, moved))
        shutil.rmtree(place.path)
        shutil.rmtree(copy)
    return [
        _row(f"{what}, kept by the caller", times, 1, 0, COPY)._replace(aim="at most 1.3"),
        _row(f"{what}, kept with move=True", times, 2, 0, COPY)._replace(aim="near 0"),
    ]


def _delivering(folder: Path, source: Path, what: str, uri: str, rounds: int) -> list[Row]:
    backend = MlflowBackend(uri)
    client = client_for(uri)
    uploads = Uploads(lambda run_id: Counting(client, run_id))
    times = []
    for number in range(rounds):
        run = backend.create(Opened(os.urandom(16).hex(), 1, "bench", "bench"), None).run_id
        copy, plain = folder / f"copy-{number}", client.create_run("0").info.run_id
        copied = _seconds(partial(shutil.copytree, source, copy))
        logged = _seconds(partial(client.log_artifacts, plain, str(source), "model"))
        snapshot = _snapshot(folder, copy)
        sent = _seconds(partial(uploads.upload, run, snapshot, _nothing))
        Counting.moved = 0
        again = _seconds(partial(uploads.upload, run, _files(source), _nothing))
        times.append((copied, logged, sent, again))
        shutil.rmtree(copy, ignore_errors=True)
    aim = "" if uri.startswith("http") else "at most 3.3"
    second = f"{what}, once more: {Counting.moved} bytes of files moved"
    mlflows = "MlflowClient.log_artifacts, without digests"
    return [
        _row(f"{what}, delivered with digests", times, 2, 0, COPY)._replace(aim=aim),
        _row(f"{what}, delivered with digests", times, 2, 1, mlflows),
        _row(second, times, 3, 1, mlflows)._replace(aim="0 bytes"),
    ]


def _nothing() -> None:
    """Nobody waits for a sign of life."""


def _keep(shelf: Shelf, content: Path) -> Artifact:
    (artifact,) = taken(shelf, "run", content, "model")
    assert isinstance(artifact, Artifact)
    return artifact


def _snapshot(folder: Path, copy: Path) -> list[File]:
    """As the shipper finds them: our own copies, which nobody else holds."""
    place = Folder(folder / "snapshots").made()
    return _files(place.stored(_keep(Shelf(place, move=True), copy).stored))


def _files(source: Path) -> list[File]:
    return [File(f"model/{path.name}", path) for path in sorted(source.iterdir())]


def _seconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def _row(what: str, times: Sequence[tuple[float, ...]], mine: int, other: int, against: str) -> Row:
    ours, theirs = median(t[mine] for t in times), median(t[other] for t in times)
    return Row(what, shown_time(ours), against, shown_time(theirs), median(t[mine] / t[other] for t in times))
