"""Delivering actions to a store: create once, bisect what is refused, put aside what will never be taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import outcome
from .. import tags as t
from ..errors import ConfigError, Refused
from ..journal import disk, lines
from ..journal.folder import Folder
from ..params import same_value
from ..ports import Backend, RemoteRun
from ..records import Artifact, Closed, Opened, to_json
from ..redact import redact_text
from .batches import Action, Batch


class Delivery:
    """Knows the MLflow id of each run of one folder, and how to send one action.

    ``BackendUnavailable`` goes through to the caller, who sends the stretch since the last acknowledgement
    again; all that is sent here may be sent twice.
    """

    def __init__(self, folder: Folder, backend: Backend) -> None:
        self.folder, self.backend = folder, backend
        self.runs: dict[str, RemoteRun | None] = dict(_known(folder.ids))
        """None for a run that the store refused, or that no journal brings."""
        self.unsure: set[str] = set()
        """Runs whose creation may have been tried before."""
        self.closed: set[str] = set()
        self.set_aside = 0
        self._aside: list[bytes] = []
        self._uploaded: list[str] = []

    def begin(self) -> None:
        """Begin a stretch, or begin it again."""
        self._aside.clear()
        self._uploaded.clear()

    def send(self, action: Action) -> None:
        """Do what this action says, or put it aside with the reason."""
        try:
            self._dispatch(action)
        except Refused as error:
            if isinstance(action, Opened):
                self.runs[action.run] = None
            self.put_aside(action, str(error))

    def _dispatch(self, action: Action) -> None:
        if isinstance(action, Opened):
            self._open(action)
        elif (remote := self.runs.get(action.run)) is None:
            raise Refused("its run is unknown or was refused")
        elif isinstance(action, Batch):
            self._log(remote, action)
        elif isinstance(action, Artifact):
            self._upload(remote, action)
        else:
            if remote.owned:
                self.backend.close(remote.run_id, action.status, action.time)
            self.closed.add(action.run)

    def _open(self, opened: Opened) -> None:
        if self.runs.get(opened.run):
            return
        unsure = opened.run in self.unsure or opened.attach
        self.unsure.add(opened.run)
        remote = self.backend.find(opened) if unsure else None
        if remote and remote.run_id == opened.attach:
            remote = remote._replace(owned=False)
        # A run to be joined that is not in this store is made anew: better than to lose its data.
        self._learn(opened.run, remote or self.backend.create(opened, self._parent_id(opened)))

    def _parent_id(self, opened: Opened) -> str | None:
        parent = self.runs.get(opened.parent or "")
        return parent.run_id if parent else opened.parent_id

    def _learn(self, run: str, remote: RemoteRun) -> None:
        disk.append(self.folder.ids, lines.encode([run, *remote]))
        self.runs[run] = remote

    def give_up(self, run: str) -> None:
        """Wait for the beginning of this run no longer."""
        self.runs.setdefault(run, None)

    def _log(self, remote: RemoteRun, batch: Batch) -> None:
        """Send a batch; if it is refused, halve it until only what is bad remains."""
        try:
            tags = {key: self._translated(key, value) for key, value in batch.tags}
            self.backend.log(remote.run_id, batch.points, dict(batch.params), tags)
        except Refused:
            if len(batch) > 1:
                for half in batch.halves():
                    self.send(half)
            elif not self._is_settled(remote, batch):
                raise

    def _is_settled(self, remote: RemoteRun, batch: Batch) -> bool:
        """Whether a refused param is there already: the first value stays, a later one becomes a tag."""
        for key, value in batch.params:
            stored = self.backend.param(remote.run_id, key)
            if stored is None:
                return False
            if not same_value(stored, value):
                self.backend.log(remote.run_id, (), {}, {t.param_changed(key): value})
        return bool(batch.params)

    def _translated(self, key: str, value: str) -> str:
        """A tag that names one of our runs names it by its MLflow id in the store."""
        remote = self.runs.get(value) if key in t.NAMES_A_RUN else None
        return remote.run_id if remote else value

    def _upload(self, remote: RemoteRun, artifact: Artifact) -> None:
        try:
            source = self.folder.stored(artifact.stored)
        except ConfigError as error:
            raise Refused(str(error)) from error
        if not os.path.isfile(source):  # noqa: PTH113 - a name that no file can have is no file
            raise Refused(f"its copy {artifact.stored} is gone")
        self.backend.upload(remote.run_id, source, artifact.name)
        self._uploaded.append(artifact.stored)

    def close_dead(self, runs: Iterable[str], time: int, reason: str) -> None:
        """End runs whose process is gone."""
        for run in filter(self.runs.get, runs):
            self.send(Batch(run, tags=((t.END_REASON, reason),)))
            self.send(Closed(run, time, outcome.KILLED))

    def put_aside(self, what: Action | str, reason: str) -> None:
        """Keep what cannot be delivered, with the reason, for ``tracked doctor``."""
        # A store may say in its refusal with which credentials it was asked.
        self._aside.append(lines.encode({"reason": redact_text(reason, os.environ), "what": _shown(what)}))

    def keep_aside(self) -> None:
        """Write down what was put aside in this stretch; to be done before the stretch is acknowledged."""
        if self._aside:
            disk.append(self.folder.aside, b"".join(self._aside))
            self.set_aside += len(self._aside)
            self._aside.clear()

    def free(self) -> None:
        """Remove the snapshots of artifacts whose delivery is acknowledged by now."""
        for stored in self._uploaded:
            _remove(self.folder, stored)
        self._uploaded.clear()


def _remove(folder: Folder, stored: str) -> None:
    try:
        path = folder.stored(stored)
        path.unlink(missing_ok=True)
        path.parent.rmdir()
    except (ConfigError, OSError):
        return  # not ours, or another file still lies beside it


def _shown(what: Action | str) -> Any:
    if isinstance(what, Batch):
        # JSON has no NaN and no infinities.
        points = [(key, str(value), time, step) for key, value, time, step in what.points]
        return ["batch", what.run, points, what.params, what.tags]
    return what if isinstance(what, str) else to_json(what)


def _known(ids: Path) -> Iterable[tuple[str, RemoteRun]]:
    for line in lines.parse(ids.read_bytes() if ids.exists() else b""):
        if isinstance(line.value, list) and len(line.value) == 1 + len(RemoteRun._fields):
            yield line.value[0], RemoteRun(*line.value[1:])
