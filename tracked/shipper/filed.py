"""A store in a file that keeps runs by MLflow's rules; for tests in which processes come and go."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..journal import lines
from ..ports import Point, RemoteRun
from ..records import Opened
from .memory import MemoryBackend, StoredRun


class FileBackend(MemoryBackend):
    """The same, with each call kept in a file: it outlives the process, and several may use it at once."""

    def __init__(self, path: Path) -> None:
        import filelock  # noqa: PLC0415 - `tracked.testing` names this class, and `import tracked` is quick

        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._alone = filelock.FileLock(f"{path}.lock", thread_local=False)
        self._at = 0
        self._is_reading = False
        super().__init__()

    @property
    def runs(self) -> dict[str, StoredRun]:
        """All runs, with what others have written meanwhile."""
        if not self._is_reading:
            self._is_reading = True
            try:
                self._read_on()
            finally:
                self._is_reading = False
        return self._runs

    @runs.setter
    def runs(self, runs: dict[str, StoredRun]) -> None:
        self._runs = runs

    def _read_on(self) -> None:
        if self.path.stat().st_size <= self._at:
            return
        with self.path.open("rb") as file:
            file.seek(self._at)
            chunk = lines.whole(file.read())
        self._at += len(chunk)
        for line in lines.parse(chunk):
            if not line.problem:
                name, arguments = line.value
                getattr(self, "_redo_" + name)(*arguments)

    def _keep(self, name: str, *arguments: Any) -> None:
        """Write down what was done just now, alone, and so after all that is in the file."""
        self._at += os.write(self._fd, lines.encode([name, arguments]))

    def create(self, opened: Opened, parent_id: str | None) -> RemoteRun:
        """Make the run."""
        with self._alone:
            made = super().create(opened, parent_id)
            self._keep("create", made.run_id, tuple(opened), parent_id)
        return made

    def _redo_create(self, run_id: str, opened: list[Any], parent_id: str | None) -> None:
        self._created(run_id, Opened(*opened), parent_id)

    def log(
        self, run_id: str, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Store one batch, whole or not at all."""
        with self._alone:
            super().log(run_id, points, params, tags)
            spelled = [(p.key, str(p.value), p.time, p.step) for p in points]
            self._keep("log", run_id, spelled, dict(params), dict(tags))

    def _redo_log(self, run_id: str, points: list[Any], params: dict[str, str], tags: dict[str, str]) -> None:
        super().log(run_id, [Point(k, float(v), time, s) for k, v, time, s in points], params, tags)

    def _put(self, run: StoredRun, name: str, content: bytes) -> None:
        with self._alone:
            super()._put(self.runs[run.run_id], name, content)
            self._keep("upload", run.run_id, content.hex(), name)

    def _redo_upload(self, run_id: str, content: str, name: str) -> None:
        self.runs[run_id].artifacts[name] = bytes.fromhex(content)

    def remove(self, run_id: str, name: str) -> None:
        """Forget the file, or all in the folder."""
        with self._alone:
            super().remove(run_id, name)
            self._keep("remove", run_id, name)

    def _redo_remove(self, run_id: str, name: str) -> None:
        super().remove(run_id, name)

    def close(self, run_id: str, status: str, time: int) -> None:
        """Set the end state."""
        with self._alone:
            super().close(run_id, status, time)
            self._keep("close", run_id, status, time)

    def _redo_close(self, run_id: str, status: str, time: int) -> None:
        super().close(run_id, status, time)

    def reopen(self, run_id: str, without: Collection[str]) -> None:
        """It is running."""
        with self._alone:
            super().reopen(run_id, without)
            self._keep("reopen", run_id, list(without))

    def _redo_reopen(self, run_id: str, without: list[str]) -> None:
        super().reopen(run_id, without)

    def delete(self, run_id: str) -> None:
        """It is found no more."""
        with self._alone:
            super().delete(run_id)
            self._keep("delete", run_id)

    def _redo_delete(self, run_id: str) -> None:
        super().delete(run_id)
