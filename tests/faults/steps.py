"""Every step of a shipper at which it can be stopped, and what a journal that takes all of them must become."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from tests.journals import DEAD, NOW, OTHER, RUN, journal, opened, points
from tracked import tags as t
from tracked.errors import Refused
from tracked.journal import ids
from tracked.journal.folder import Folder
from tracked.ports import Backend
from tracked.records import Artifact, Closed, Metrics, Opened, Params, Tags
from tracked.shipper import tail
from tracked.shipper.delivery import Delivery
from tracked.testing import FileBackend, MemoryBackend, StoredRun

BAD = "no*name"
"""A metric that MLflow refuses, and with it the batch that it is in."""
LEFT = "c" * 32
"""A run that its dead writer has left open."""
_STORE = ("create", "find", "log", "param", "tag", "upload", "remove", "close", "status")
_DISK = {
    "id": (ids, "add"),
    "aside": (Delivery, "keep_aside"),
    "ack": (tail, "write_ack"),
    "free": (Delivery, "free"),
    "sweep": (Folder, "sweep"),
}


class Crash(BaseException):
    """The end of a shipper: nothing of ours catches it."""


@contextmanager
def stepping(backend: Backend, step: Callable[[str], object]) -> Iterator[None]:
    """``step`` is called, with its name, before and after each effect that a shipper has."""
    with ExitStack() as stack:
        for name in _STORE:
            stack.enter_context(
                mock.patch.object(backend, name, _between(step, name, getattr(backend, name)))
            )
        for name, (owner, what) in _DISK.items():
            stack.enter_context(mock.patch.object(owner, what, _between(step, name, getattr(owner, what))))
        yield


def _between(step: Callable[[str], object], name: str, real: Callable[..., object]) -> Callable[..., object]:
    def stepped(*args: object, **kwargs: object) -> object:
        step(f"before {name}")
        done = real(*args, **kwargs)
        step(f"after {name}")
        return done

    return stepped


class At:
    """Does something at one step: the n-th of all, or the n-th of a name, such as ``after log 2``."""

    def __init__(self, act: Callable[[], object] = lambda: None, at: int | str = -1) -> None:
        self.act, self.at = act, at
        self.seen: list[str] = []
        self.acted = False

    def __call__(self, name: str) -> None:
        number = len(self.seen)
        self.seen.append(name)
        if self.at in (number, f"{name} {self.seen.count(name)}"):
            self.acted = True
            self.act()


def crash() -> None:
    """End this shipper."""
    raise Crash


class Picky:
    """To be mixed into a store of ours: it refuses what MLflow would refuse."""

    def log(self, run_id, points, params, tags):
        """Store the batch, or refuse it whole."""
        if any("*" in point.key for point in points):
            raise Refused(f"{BAD!r} is no name")
        super().log(run_id, points, params, tags)


def busy_journal(folder: Folder, experiment: str = "Default") -> None:
    """A journal of a dead writer with something of each kind."""
    records = [
        opened(),
        Params(RUN, {"lr": "0.1", "depth": "3"}),
        *points(count=3),
        Metrics(RUN, NOW + 3, 3, {"acc": 3 / 8, BAD: 1.0, "loss": "nan"}),
        Params(RUN, {"lr": "0.2"}),
        Tags(RUN, {"state": "first"}),
        *_files(folder),
        opened(OTHER, parent=RUN),
        *points(OTHER, 2),
        Closed(OTHER, NOW + 50, "FAILED"),
        Tags(RUN, {"state": "last"}),
        Closed(RUN, NOW + 99, "FINISHED"),
        opened(LEFT),
        *points(LEFT, 2),
    ]
    journal(
        folder, [r._replace(experiment=experiment) if isinstance(r, Opened) else r for r in records], DEAD
    )


def _files(folder: Folder) -> Iterator[Artifact]:
    for name, content in (
        ("w.bin", b"old"),
        ("w.bin", b"new"),
        ("gone.bin", b"x"),
        ("model/a/b.bin", b"deep"),
    ):
        stored, path = folder.made().new_snapshot(name.rpartition("/")[2], "1-1-one")
        path.write_bytes(content)
        yield Artifact(RUN, name, stored, len(content))
    yield Artifact(RUN, "gone.bin", "", -1)


def told(runs: Iterable[StoredRun]) -> dict[str, tuple]:
    """Runs by our id, without what differs from one delivery to the next; fails where a run is there twice."""
    runs = list(runs)
    names = {run.run_id: run.tags[t.LOCAL_ID] for run in runs}
    assert len(set(names.values())) == len(runs)
    return {names[run.run_id]: _told(run, names) for run in runs}


def _told(run: StoredRun, names: dict[str, str]) -> tuple:
    return (
        run.status,
        run.params,
        {
            key: value
            for key, value in run.tags.items()
            if key in ("state", t.param_changed("lr"), t.END_REASON)
        },
        sorted((p.key, str(p.value), p.time, p.step) for p in run.points),
        {name: hashlib.sha256(content).hexdigest() for name, content in run.artifacts.items()},
        names.get(run.tags.get(t.MLFLOW_PARENT, "")),
    )


def _digests(**contents: bytes) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _steps(count: int) -> list[tuple]:
    return [("acc", str(step / 8), NOW + step, step) for step in range(count)]


WANTED = {
    RUN: (
        "FINISHED",
        {"lr": "0.1", "depth": "3"},
        {"state": "last", t.param_changed("lr"): "0.2"},
        [*_steps(4), ("loss", "nan", NOW + 3, 3)],
        _digests(**{"w.bin": b"new", "model/a/b.bin": b"deep"}),
        None,
    ),
    OTHER: ("FAILED", {}, {}, _steps(2), {}, RUN),
    LEFT: ("KILLED", {}, {t.END_REASON: "the process ended while the run was open"}, _steps(2), {}, None),
}
"""What has to be told of the busy journal, however often its shipper was stopped."""


class PickyMemory(Picky, MemoryBackend):
    """The store in memory, as strict as MLflow's."""


class PickyFile(Picky, FileBackend):
    """The store in a file, as strict as MLflow's."""
