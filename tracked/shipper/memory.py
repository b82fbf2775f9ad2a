"""A store in memory that keeps runs by MLflow's rules; for tests and for looking inside."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .. import tags as t
from ..attempts import KnownRun
from ..errors import Refused
from ..limits import Limits
from ..ports import SEAL, File, OpenRun, Point, RemoteRun
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
    is_deleted: bool = False

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
        for run in list(self.runs.values()):
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

    def known(self, run_id: str) -> KnownRun:
        """What it is and has."""
        return _known(self._run(run_id))

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

    def holder(self, run_id: str) -> str | None:
        """Who goes on with it."""
        return self._run(run_id).tags.get(t.ATTEMPT_ID)

    def reopen(self, run_id: str, without: Collection[str]) -> None:
        """It is running; the end that it had stays to be seen, as in MLflow."""
        run = self._run(run_id)
        run.status = "RUNNING"
        for key in without:
            run.tags.pop(key, None)

    def delete(self, run_id: str) -> None:
        """It takes nothing any more, and is found no more."""
        self._run(run_id).is_deleted = True

    def same(self, experiment: str, key: str) -> Sequence[KnownRun]:
        """Those of this call key, the newest first."""
        found = [
            run
            for run in list(self.runs.values())
            if run.experiment == experiment and run.tags.get(t.CALL_KEY) == key and not run.is_deleted
        ]
        return sorted(map(_known, found), key=lambda run: run.time, reverse=True)

    def running(self, experiment_id: str | None) -> Sequence[OpenRun]:
        """Those that are running and carry our id."""
        return [
            OpenRun(run.run_id, run.start_time, run.tags)
            for run in list(self.runs.values())
            if run.status == "RUNNING" and t.LOCAL_ID in run.tags and not run.is_deleted
            if experiment_id in (None, run.experiment)
        ]

    def _run(self, run_id: str) -> StoredRun:
        run = self.runs.get(run_id)
        if run is None or run.is_deleted:
            raise Refused(f"there is no run {run_id}")
        return run


def _known(run: StoredRun) -> KnownRun:
    steps: dict[str, int] = {}
    for point in list(run.points):
        steps[point.key] = max(point.step, steps.get(point.key, point.step))
    return KnownRun(
        run.run_id,
        run.experiment,
        run.status,
        run.start_time,
        run.end_time,
        dict(run.params),
        dict(run.tags),
        steps,
    )


def _is_seal(file: File) -> bool:
    return file.name.rpartition("/")[2] == SEAL


_NAN = float("nan")


def _comparable(point: Point) -> Point:
    # One NaN object, so that equal points compare equal.
    return point._replace(value=_NAN) if point.value != point.value else Point(*point)
