"""Delivering actions to a store: create once, bisect what is refused, put aside what will never be taken."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from .. import outcome
from .. import tags as t
from ..errors import Refused
from ..journal import ids
from ..journal.folder import Folder
from ..journal.history import records_of
from ..params import same_value
from ..ports import Backend, RemoteRun
from ..records import Artifact, Closed, Opened
from ..redact import redact_text
from .aside import Aside
from .batches import Action, Batch
from .fence import Fence
from .files import Outbox
from .overflow import Overflow
from .stale import end_dead, end_stale, next_beat
from .wording import Wording


class Delivery:
    """Knows the MLflow id of each run of one folder, and how to send one action.

    ``BackendUnavailable`` goes through to the caller, who sends the stretch since the last acknowledgement
    again; all that is sent here may be sent twice.

    Args:
        folder: whose runs they are.
        backend: the store.
        alive: called now and then while files are sent, as a sign of life.
        answered: called whenever the store has done something with an action.
    """

    def __init__(
        self,
        folder: Folder,
        backend: Backend,
        alive: Callable[[], object] = lambda: None,
        answered: Callable[[], object] = lambda: None,
    ) -> None:
        self.folder, self.backend, self._answered = folder, backend, answered
        self.runs: dict[str, RemoteRun | None] = {
            run: None if isinstance(made, ids.Refusal) else made for run, made in ids.read(folder).items()
        }
        """None for a run that the store refused, or that no journal brings."""
        self.unsure: set[str] = set()
        """Runs whose creation may have been tried before."""
        self.experiments: set[str] = set()
        """Experiments that got a run since somebody looked for stale ones in them."""
        self._fence = Fence(backend)
        self._aside = Aside(folder)
        self._overflow = Overflow(folder, backend)
        self._wording = Wording(backend, self._id_of)
        self._outbox = Outbox(folder, backend, self.put_aside, alive)

    def begin(self) -> None:
        """Begin a stretch, or begin it again."""
        self._aside.clear()
        self._overflow.clear()
        self._outbox.clear()
        self._wording.clear()

    def send(self, action: Action) -> None:
        """Do what this action says, or put it aside with the reason."""
        try:
            self._dispatch(action)
        except Refused as error:
            if isinstance(action, Opened) and not self.runs.get(action.run):
                self._learn_refusal(action.run, str(error))
            self.put_aside(action, str(error))
        self._answered()

    def _dispatch(self, action: Action) -> None:
        if isinstance(action, Opened):
            self._open(action)
        elif (remote := self.runs.get(action.run)) is None:
            raise Refused("its run is unknown or was refused")
        elif reason := self._fence.reason(action.run, remote):
            raise Refused(reason)
        elif isinstance(action, Batch):
            self._log(remote, action)
        elif isinstance(action, Artifact):
            self._outbox.add(action)
        else:
            self._close(remote, action)

    def _close(self, remote: RemoteRun, closed: Closed) -> None:
        self._bring_overflow(closed.run)
        self._outbox.send(closed.run, remote)
        if remote.owned:
            self.backend.close(remote.run_id, closed.status, closed.time)

    def _bring_overflow(self, run: str) -> None:
        """Let what the store had no room for be among the files of the run."""
        if files := list(self._overflow.files(run)):
            self._outbox.add(*files)
            self.send(Batch(run, tags=((t.OVERFLOW, ", ".join(file.name for file in files)),)))

    def _open(self, opened: Opened) -> None:
        if known := self.runs.get(opened.run):
            self._complete(opened, known)
            return
        unsure = opened.run in self.unsure or opened.attach or self.folder.exported.exists()
        self.unsure.add(opened.run)
        remote = self.backend.find(opened) if unsure else None
        if remote and remote.run_id == opened.attach:
            self._join(opened, remote._replace(owned=t.TAKEN_OVER in opened.tags))
            return
        # A run to be joined that is not in this store is made anew: better than to lose its data.
        if remote is None:
            tags = {key: self._wording.named(key, value) for key, value in opened.tags.items()}
            tags = self._overflow.first(opened.run, tags)
            remote = self.backend.create(opened._replace(tags=tags), self._parent_id(opened))
            self._wording.is_new(remote.run_id, opened.tags.get(t.MLFLOW_NOTE, ""))
            self._fence.is_ours(opened.run)
            self._learn(opened.run, remote)
        else:
            self._learn(opened.run, remote)
            self._complete(opened, remote)

    def _complete(self, opened: Opened, remote: RemoteRun) -> None:
        """Write what a run is without that was made in a stretch which failed before all of it was kept."""
        if len(missing := self._overflow.missing(remote.run_id, opened)):
            self._log(remote, missing)

    def _join(self, opened: Opened, remote: RemoteRun) -> None:
        """Write into a run that was there before; a new attempt makes it run again, unless there is one after it."""
        if t.ATTEMPT in opened.tags:
            self._fence.claim(opened, remote)
            if reason := self._fence.reason(opened.run, remote, now=True):
                self._learn(opened.run, remote)
                raise Refused(reason)
            self.backend.reopen(remote.run_id, t.OF_AN_END | {t.CLAIMANT})
        self._learn(opened.run, remote)

    def _parent_id(self, opened: Opened) -> str | None:
        # MLflow's own API may have named the parent by our id.
        parent = self.runs.get(opened.parent or opened.parent_id or "")
        return parent.run_id if parent else opened.parent_id

    def _learn(self, run: str, remote: RemoteRun) -> None:
        ids.add(self.folder, run, remote)
        self.runs[run] = remote
        self.experiments.add(remote.experiment_id)

    def _learn_refusal(self, run: str, reason: str) -> None:
        # Whoever delivers after us must not wait for it, nor try it again with each of its records.
        ids.add(self.folder, run, ids.Refusal(redact_text(reason, os.environ)))
        self.runs[run] = None

    def give_up(self, run: str) -> None:
        """Wait for the beginning of this run no longer, unless only the line that told its id is damaged."""
        for record in records_of(self.folder, run):
            if isinstance(record, Opened):
                self.unsure.add(run)
                self.send(record)
        self.runs.setdefault(run, None)

    def _log(self, remote: RemoteRun, batch: Batch) -> None:
        """Send a batch; if it is refused, halve it until only what is bad remains."""
        try:
            batch = self._overflow.fitting(remote.run_id, batch)
            if not len(batch):
                return
            tags = self._wording.of(remote.run_id, batch.tags)
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

    def _id_of(self, run: str) -> str:
        remote = self.runs.get(run)
        return remote.run_id if remote else run

    def send_files(self) -> None:
        """Send the files of this stretch, run by run: nothing else waits for a large one."""
        for run in self._outbox.runs():
            self._outbox.send(run, self.runs.get(run))

    @property
    def done_with(self) -> list[str]:
        """Snapshots that are no longer needed once the stretch is acknowledged."""
        return self._outbox.done_with

    def close_dead(self, runs: Iterable[str], time: int, reason: str) -> None:
        """End runs whose process is gone; not those that it had only joined, and none that has ended otherwise."""
        for run in runs:
            remote = self.runs.get(run)
            if remote:
                self._bring_overflow(run)
                self._outbox.send(run, remote)
            if remote and remote.owned:
                try:
                    if not self._fence.reason(run, remote, now=True):
                        end_dead(self.backend, remote.run_id, time, reason)
                except Refused as error:
                    self.put_aside(Closed(run, time, outcome.KILLED), str(error))

    def beat(self, runs: Iterable[str]) -> None:
        """Give these runs, as far as they are ours to end, a sign of life."""
        for run in runs:
            remote = self.runs.get(run)
            if remote and remote.owned and not self._fence.reason(run, remote):
                self.send(Batch(run, tags=tuple(next_beat().items())))

    def end_stale(self) -> None:
        """End what was left behind in the experiments that got a run since the last time."""
        for experiment in list(self.experiments):
            end_stale(self.backend, experiment, self.folder)
            self.experiments.discard(experiment)

    @property
    def set_aside(self) -> int:
        """How much was put aside, and written down."""
        return self._aside.written

    def put_aside(self, what: Action | str, reason: str) -> None:
        """Keep what cannot be delivered, with the reason, for ``tracked doctor``."""
        self._aside.put(what, reason)

    def keep_aside(self) -> None:
        """Write down what was put aside in this stretch; to be done before the stretch is acknowledged."""
        self._overflow.keep()
        self._aside.keep()

    def free(self, snapshots: Iterable[str]) -> None:
        """Remove snapshots whose delivery is acknowledged by now."""
        self._overflow.forget()
        for name in snapshots:
            self.folder.free(name)
