"""The narrow doors between floors: what a store, a journal and a sweep engine must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from .attempts import KnownRun
from .limits import Limits
from .records import Opened, Record


class Point(NamedTuple):
    """One value of one metric."""

    key: str
    value: float
    time: int
    step: int


class RemoteRun(NamedTuple):
    """Where a run lives in the store."""

    run_id: str
    experiment_id: str
    artifact_uri: str = ""
    owned: bool = True
    """False for a run that was only joined: it is never ended by us."""


class OpenRun(NamedTuple):
    """A run of ours that the store has as running."""

    run_id: str
    time: int
    """When it began."""
    tags: Mapping[str, str]


class File(NamedTuple):
    """A file that is to lie among a run's artifacts."""

    name: str
    """Its path there, with ``/``."""
    source: Path


SEAL = "checkpoint.json"
"""Name of the file that says of a folder that it is whole: it is stored after all other files."""


OURS = ".tracked"
"""Folder among a run's artifacts that is not the user's: manifests lie there."""


BY_ID = "id:"
"""Before the id of an experiment that is not known by its name: ``id:7`` in place of a name."""


class Backend(Protocol):
    """A store of runs.

    Each method either has done what it says when it returns, or raises one of
    ``Refused`` (this data will never be taken), ``LoginRefused``, or ``BackendUnavailable``
    (anything that may go through later, also when it is unknown whether the call had an effect).
    All but ``create`` may be repeated without harm.
    """

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        ...

    def create(self, opened: Opened, parent_id: str | None) -> RemoteRun:
        """Make the run, its experiment too if it is missing."""
        ...

    def find(self, opened: Opened) -> RemoteRun | None:
        """The run that an earlier ``create`` of the same record made, if any; joins ``opened.attach``."""
        ...

    def log(
        self, run_id: str, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Write one batch that keeps within the limits."""
        ...

    def param(self, run_id: str, key: str) -> str | None:
        """The value that the run has for this param, if any."""
        ...

    def tag(self, run_id: str, key: str) -> str | None:
        """The value that the run has for this tag, if any."""
        ...

    def known(self, run_id: str) -> KnownRun:
        """What the run is and has by now."""
        ...

    def upload(
        self, run_id: str, files: Sequence[File], alive: Callable[[], object] = ...
    ) -> Mapping[str, str]:
        """Store files among the run's artifacts; each that is called ``SEAL`` after all others are there.

        What is there with the same content need not be sent.  Called again after an outage, it goes on.

        Args:
            run_id: the run.
            files: no two of the same name.
            alive: to be called now and then, as a sign of life.

        Returns:
            The names of those that will never be taken, each with the reason; the others are there.
        """
        ...

    def remove(self, run_id: str, name: str) -> None:
        """Take away the file, or the folder with all that is in it, where the store can; a seal at least."""
        ...

    def close(self, run_id: str, status: str, time: int) -> None:
        """Set the end state."""
        ...

    def status(self, run_id: str) -> str:
        """The state that the run has now."""
        ...

    def holder(self, run_id: str) -> str | None:
        """The local id under which the attempt of now writes (the tag ``ATTEMPT_ID``); None if there was but one."""
        ...

    def reopen(self, run_id: str, without: Collection[str]) -> None:
        """Make it a run that is running, without these tags; its former end may stay to be seen until the next."""
        ...

    def delete(self, run_id: str) -> None:
        """Put the run where only who asks for deleted ones sees it."""
        ...

    def same(self, experiment: str, key: str) -> Sequence[KnownRun]:
        """The runs of the experiment of this name whose call key is this one, the newest first."""
        ...

    def running(self, experiment_id: str | None) -> Sequence[OpenRun]:
        """Runs of this experiment, or of all, that are running and carry our id; the oldest, where they are many."""
        ...


class Journal(Protocol):
    """Where records are acknowledged."""

    def write(self, record: Record) -> None:
        """Return once the record is in a file.

        Raises:
            OSError: the record was not acknowledged.
        """
        ...


class Suggested(NamedTuple):
    """A trial that an engine wants tried."""

    number: int
    trial: Any
    """The engine's own object, handed to the user's function."""
    attempt: int = 1
    """From 2 on, a worker has died of it before."""
    run: Mapping[str, Any] | None = None
    """Reference of the run of the attempt before, as plain data, if it is known."""


class Told(NamedTuple):
    """How a trial ended."""

    number: int
    state: str
    """complete, pruned or failed."""
    values: tuple[float, ...]
    params: Mapping[str, Any]
    constraints: Mapping[str, float] = MappingProxyType({})
    """A trial with one above 0 is never the best."""
    space: Mapping[str, Any] = MappingProxyType({})
    """What each of its hyperparameters was chosen from, in any form that a search space may have."""
    course: Mapping[int, float] = MappingProxyType({})
    """Values that its objective had on the way, by step."""

    @property
    def is_feasible(self) -> bool:
        """Whether it keeps all constraints."""
        return all(value <= 0 for value in self.constraints.values())


class SweepEngine(Protocol):
    """Whatever suggests hyperparameters: asked for a trial, told how it ended."""

    @property
    def about(self) -> Mapping[str, str]:
        """What searches, to be kept with the sweep: ``engine`` with its version, ``sampler``, ``pruner``."""
        ...

    def ask(self) -> Suggested | None:
        """The next trial, or None when nothing is left to try."""
        ...

    def queue(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Hand out these hyperparameters next, and beyond what is left."""
        ...

    def params(self, suggested: Suggested) -> Mapping[str, Any]:
        """The hyperparameters suggested so far in this trial."""
        ...

    def is_pruned(self, error: BaseException) -> bool:
        """Whether this exception is the engine's way to stop a hopeless trial."""
        ...

    def report(self, suggested: Suggested, value: float, step: int) -> None:
        """Take a value that the objective has on the way; the first one of a step counts.

        It is what the trial's own ``should_prune()`` goes by, unless the user's function reports by itself.
        """
        ...

    def tell(self, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        """Report the end of a trial."""
        ...

    def best(self) -> Told | None:
        """The best complete trial, the first objective deciding; None if there is none."""
        ...

    def pareto(self) -> Sequence[Told]:
        """The complete trials that no other one beats in every objective, by number."""
        ...

    def missing(self) -> Sequence[Mapping[str, Any]]:
        """What is still to be tried: hyperparameters as far as they are known, one mapping for each trial."""
        ...
