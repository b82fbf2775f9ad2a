"""A store in memory, and one in a file, that keep runs by MLflow's rules; for tests and for looking inside."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import tags as t
from ..errors import Refused
from ..journal import lines
from ..ports import SEAL, File, Limits, OpenRun, Point, RemoteRun
from ..records import Opened


@dataclass
class StoredRun:
    """A run as the store sees it."""

    run_id: str
    name: str
    experiment: str
    start_time: int
    status: str = "RUNNING"
    end_time: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: dict[Point, None] = field(default_factory=dict)
    """Points in order of arrival; equal points are one, as in MLflow."""
    artifacts: dict[str, bytes] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        """The latest value of each metric."""
        return {point.key: point.value for point in sorted(self.points, key=lambda p: (p.step, p.time))}


class MemoryBackend:
    """Keeps runs in ``runs``, by their id.  A refused batch stores nothing, as in MLflow."""

    limits = Limits()

    def __init__(self) -> None:
        self.runs: dict[str, StoredRun] = {}

    def create(self, opened: Opened, parent_id: str | None) -> RemoteRun:
        """Make the run."""
        run_id = os.urandom(16).hex()
        self._created(run_id, opened, parent_id)
        return RemoteRun(run_id, opened.experiment)

    def _created(self, run_id: str, opened: Opened, parent_id: str | None) -> None:
        inherited = self.runs[opened.inherit].tags if opened.inherit in self.runs else {}
        hashes = {k: inherited[k] for k in t.HASHES if k in inherited}
        parent = {t.MLFLOW_PARENT: parent_id} if parent_id else {}
        run_tags = {**opened.tags, **hashes, t.LOCAL_ID: opened.run, t.MLFLOW_NAME: opened.name, **parent}
        self.runs[run_id] = StoredRun(run_id, opened.name, opened.experiment, opened.time, tags=run_tags)

    def find(self, opened: Opened) -> RemoteRun | None:
        """The run made before for this record, or the one it joins."""
        for run in self.runs.values():
            if run.run_id == opened.attach or run.tags.get(t.LOCAL_ID) == opened.run:
                return RemoteRun(run.run_id, run.experiment)
        return None

    def log(
        self, run_id: str, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Store one batch, whole or not at all."""
        run = self._run(run_id)
        for key, value in params.items():
            if run.params.get(key, value) != value:
                raise Refused(f"param {key!r} is already {run.params[key]!r}")
        run.params.update(params)
        run.tags.update(tags)
        run.points.update(dict.fromkeys(map(_comparable, points)))

    def param(self, run_id: str, key: str) -> str | None:
        """The stored value."""
        return self._run(run_id).params.get(key)

    def tag(self, run_id: str, key: str) -> str | None:
        """The stored value."""
        return self._run(run_id).tags.get(key)

    def upload(
        self, run_id: str, files: Sequence[File], alive: Callable[[], object] = lambda: None
    ) -> Mapping[str, str]:
        """Keep the files' bytes; nothing is ever refused."""
        run = self._run(run_id)
        for file in sorted(files, key=_is_seal):
            self._put(run, file.name, file.source.read_bytes())
            alive()
        return {}

    def _put(self, run: StoredRun, name: str, content: bytes) -> None:
        run.artifacts[name] = content

    def remove(self, run_id: str, name: str) -> None:
        """Forget the file, or all in the folder."""
        artifacts = self._run(run_id).artifacts
        for found in [found for found in artifacts if found == name or found.startswith(f"{name}/")]:
            del artifacts[found]

    def close(self, run_id: str, status: str, time: int) -> None:
        """Set the end state."""
        run = self._run(run_id)
        run.status, run.end_time = status, time

    def status(self, run_id: str) -> str:
        """The state that it has now."""
        return self._run(run_id).status

    def running(self, experiment_id: str | None) -> Sequence[OpenRun]:
        """Those that are running and carry our id."""
        return [
            OpenRun(run.run_id, run.start_time, run.tags)
            for run in self.runs.values()
            if run.status == "RUNNING" and t.LOCAL_ID in run.tags
            if experiment_id in (None, run.experiment)
        ]

    def _run(self, run_id: str) -> StoredRun:
        if run_id not in self.runs:
            raise Refused(f"there is no run {run_id}")
        return self.runs[run_id]


def _is_seal(file: File) -> bool:
    return file.name.rpartition("/")[2] == SEAL


_NAN = float("nan")


def _comparable(point: Point) -> Point:
    # One NaN object, so that equal points compare equal.
    return point._replace(value=_NAN) if point.value != point.value else Point(*point)


class FileBackend(MemoryBackend):
    """The same, with each call kept in a file, so that it outlives the process; one process at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._replay(path.read_bytes() if path.exists() else b"")
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _replay(self, content: bytes) -> None:
        for line in lines.parse(content):
            if not line.problem:
                name, arguments = line.value
                getattr(self, "_redo_" + name)(*arguments)

    def _keep(self, name: str, *arguments: Any) -> None:
        os.write(self._fd, lines.encode([name, arguments]))

    def create(self, opened: Opened, parent_id: str | None) -> RemoteRun:
        """Make the run."""
        made = super().create(opened, parent_id)
        self._keep("create", made.run_id, tuple(opened), parent_id)
        return made

    def _redo_create(self, run_id: str, opened: list[Any], parent_id: str | None) -> None:
        self._created(run_id, Opened(*opened), parent_id)

    def log(
        self, run_id: str, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Store one batch, whole or not at all."""
        super().log(run_id, points, params, tags)
        spelled = [(p.key, str(p.value), p.time, p.step) for p in points]
        self._keep("log", run_id, spelled, dict(params), dict(tags))

    def _redo_log(self, run_id: str, points: list[Any], params: dict[str, str], tags: dict[str, str]) -> None:
        super().log(run_id, [Point(k, float(v), time, s) for k, v, time, s in points], params, tags)

    def _put(self, run: StoredRun, name: str, content: bytes) -> None:
        super()._put(run, name, content)
        self._keep("upload", run.run_id, content.hex(), name)

    def _redo_upload(self, run_id: str, content: str, name: str) -> None:
        self.runs[run_id].artifacts[name] = bytes.fromhex(content)

    def remove(self, run_id: str, name: str) -> None:
        """Forget the file, or all in the folder."""
        super().remove(run_id, name)
        self._keep("remove", run_id, name)

    def _redo_remove(self, run_id: str, name: str) -> None:
        super().remove(run_id, name)

    def close(self, run_id: str, status: str, time: int) -> None:
        """Set the end state."""
        super().close(run_id, status, time)
        self._keep("close", run_id, status, time)

    def _redo_close(self, run_id: str, status: str, time: int) -> None:
        super().close(run_id, status, time)
