"""Runs that code holds by hand: what it asks of one, and a way back to one that it knows by name only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import joining
from . import session as sessions
from . import tags as t
from .context import RunRef, current_is, named_run, open_here
from .endings import ended
from .errors import ConfigError
from .ports import RemoteRun
from .run import Run


@dataclass(frozen=True)
class RunHandle:
    """A run that is open, as ``start_*_run`` gives it.  It is false where nothing is tracked.

    What only the store knows (``run_id``, ``experiment_id``, ``artifact_uri``, ``url``) is waited for when it is
    asked, and raises BackendUnavailable where the store does not answer.  Where a run is wanted as a parent or a
    source, the handle itself will do, and nothing is waited for.

    Attributes:
        run: the run itself, to log into.
        run_key: what this run is, in words; None if a part of it is not known.
    """

    run: Run
    run_key: str | None = None

    def __bool__(self) -> bool:
        return not self.run.is_off

    @property
    def ref(self) -> RunRef:
        """The small reference that travels."""
        return self.run.ref

    @property
    def run_id(self) -> str | None:
        """MLflow's id; None where nothing is tracked."""
        return self.run.id if self else None

    @property
    def url(self) -> str | None:
        """Where to see the run; None where nothing is tracked."""
        return self.run.url if self else None

    @property
    def run_key_hash(self) -> str | None:
        """SHA-256 of ``run_key``; a tag of the run."""
        return key_hash(self.run_key)

    @property
    def experiment_name(self) -> str:
        """Name of its experiment."""
        return self.ref.experiment

    @property
    def experiment_id(self) -> str | None:
        """MLflow's id of the experiment; None where nothing is tracked."""
        remote = self._remote()
        return remote.experiment_id if remote else None

    @property
    def artifact_uri(self) -> str | None:
        """Where its artifacts lie; None where nothing is tracked."""
        remote = self._remote()
        return remote.artifact_uri if remote else None

    @property
    def tracking_uri(self) -> str | None:
        """The store, without credentials; None where nothing is tracked."""
        return self.run.session.shown_uri if self.run.session else None

    @property
    def study_key_hash(self) -> str | None:
        """The study that it belongs to, as far as this process knows."""
        return self.ref.hashes.get(t.STUDY_KEY_HASH)

    @property
    def study_family_hash(self) -> str | None:
        """The family of its study."""
        return self.ref.hashes.get(t.STUDY_FAMILY_HASH)

    @property
    def trial_key_hash(self) -> str | None:
        """The trial that it belongs to."""
        return self.ref.hashes.get(t.TRIAL_KEY_HASH)

    def _remote(self) -> RemoteRun | None:
        return self.run.session.remote(self.ref) if self.run.session else None


def key_hash(run_key: str | None) -> str | None:
    """The hash of a run key, 64 hex digits."""
    return hashlib.sha256(run_key.encode()).hexdigest() if run_key else None


@contextmanager
def block(run: Run) -> Iterator[Run]:
    """The run is the one around this block, and ends as the block ends; what is raised goes through unchanged."""
    try:
        with current_is(run):
            yield run
    except BaseException as error:
        ended(run, error)
        raise
    ended(run, None)


def existing_run(named: Any) -> Run:
    """The run that this names, to log into; it is never ended by that.

    Args:
        named: a run, a handle, a reference, or the MLflow id of any run of the store.

    Raises:
        ConfigError: it names no run.
        OSError: the journal cannot be written.
    """
    if isinstance(held := getattr(named, "run", named), Run):
        return held
    given = named_run(named)
    if given is None:
        raise ConfigError(f"a run, its handle or an MLflow run id is needed, not {named!r}")
    ref = given if isinstance(given, RunRef) else _ref_of(given)
    here = open_here(ref.run)
    return here if isinstance(here, Run) else joining.joined(ref)


def _ref_of(run_id: str) -> RunRef:
    """The reference of the run with this MLflow id: ours, if it is one that was written from here."""
    session = sessions.current()
    local, folder = session.ids.local(run_id), str(session.folder.path)
    if local is not None:
        return RunRef(local, folder, session.experiment)
    return joining.attached(os.getpid(), folder, run_id)
