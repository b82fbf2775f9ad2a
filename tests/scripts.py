"""Programs in processes of their own, and the file-backed store that they write to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tracked import tags as t
from tracked.testing import FileBackend, StoredRun

PATIENCE = 30.0
"""Seconds that a busy machine is given."""


@dataclass
class Store:
    """A folder for programs, and the store behind ``uri``."""

    folder: Path

    @property
    def uri(self) -> str:
        """What ``TRACKED_TRACKING_URI`` has to be."""
        return f"records://{self.path}"

    @property
    def path(self) -> Path:
        """The store's file."""
        return self.folder / "store.records"

    @property
    def runs(self) -> list[StoredRun]:
        """All runs, in order of their beginning."""
        backend = FileBackend(self.path)
        runs = list(backend.runs.values())
        os.close(backend._fd)
        return runs

    def __getitem__(self, name: str) -> StoredRun:
        """The one run of a function of this name."""
        (run,) = called(self.runs, name)
        return run

    def python(self, source: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run this program with this store as the default; it has to succeed."""
        program = self.folder / "program.py"
        program.write_text(source)
        done = subprocess.run(
            [sys.executable, "-W", "error", str(program), *arguments],
            cwd=self.folder,
            env={**os.environ, "TRACKED_TRACKING_URI": self.uri, **environ},
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done


def called(runs: list[StoredRun], name: str) -> list[StoredRun]:
    """The runs of this name, or of a function of this name."""
    return [run for run in runs if name in (run.name, run.name.rpartition("-")[0])]


def parent_of(runs: list[StoredRun], run: StoredRun) -> str | None:
    """The name, without its key, of the run above."""
    names = {other.run_id: other.name for other in runs}
    above = run.tags.get(t.MLFLOW_PARENT)
    return names[above].rpartition("-")[0] or names[above] if above else None


def values(run: StoredRun, key: str) -> list[float]:
    """The values of a metric, by step."""
    return [p.value for p in sorted(run.points, key=lambda p: (p.step, p.time)) if p.key == key]


def await_(done: Callable[[], object], what: str) -> None:
    """Wait until another process has done its part."""
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until, what
        time.sleep(0.02)
