"""A study that several calls of a sweep work on, in whatever processes they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from optuna.trial import FrozenTrial, TrialState

from ..errors import ConfigError
from ..process import this_process
from .alone import alone
from .asking import Study
from .making import make_study
from .search import Search
from .storages import opened, reached, shown
from .workers import Worker, living

_PARENT, _OWNER, _ROUND = "tracked.parent", "tracked.owner", "tracked.round"
_OBJECTIVES = "tracked.objectives"
WORKER = "tracked.worker"
"""Attribute of a trial: who is at it."""


class Round(NamedTuple):
    """From the first worker that begins to the last one that leaves; a study that is taken up again has another."""

    number: int = 0
    first: int = 0
    """Number of the first trial that stands under the run of the sweep."""
    forgiven: int = 0
    """How many trials had failed before: they are tried again."""


class Seen(NamedTuple):
    """What the workers have said by now: read once for each decision.

    Who is alive is part of it: a worker that dies between two halves of a decision would be at work for neither.
    """

    me: str
    attributes: Mapping[str, Any]
    trials: Sequence[FrozenTrial]
    living: frozenset[str]
    """Names of the workers that are alive."""

    @property
    def round(self) -> Round:
        """The round that is going on."""
        return Round(*self.attributes.get(_ROUND, ()))

    @property
    def others(self) -> frozenset[str]:
        """Names of those but this one."""
        return self.living - {self.me}

    @property
    def owner(self) -> str:
        """Who has the parent open, or had it."""
        return str(self.attributes.get(_OWNER, ""))

    @property
    def running(self) -> list[FrozenTrial]:
        """The trials that a worker of ours is at, or has died of; what Optuna's own loop has begun is left to it."""
        return [
            trial for trial in self.trials if trial.state is TrialState.RUNNING and WORKER in trial.user_attrs
        ]

    @property
    def at_work(self) -> frozenset[str]:
        """Names of the others that have a trial."""
        return self.others.intersection(trial.user_attrs[WORKER] for trial in self.running)


class SharedStudy:
    """The study, and what the workers say to each other in its attributes.

    All that is decided from what others have said is decided inside ``alone()``.

    Args:
        search: with a storage and a name.

    Raises:
        ConfigError: there is no such storage, or the study there looks for something else.
        BackendUnavailable: the storage does not answer.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.storage = opened(search.storage)
        with self.reached():
            self.study: Study = make_study(search, self.storage)
            self.id = self.storage.get_study_id_from_name(self.study.study_name)
            self._check_objectives()
        self.worker = Worker(self.storage, self.id)

    def _check_objectives(self) -> None:
        ours = list(zip(self.search.objectives, self.search.directions, strict=True))
        directions = [direction.name.lower() for direction in self.study.directions]
        names = self.study.user_attrs.get(_OBJECTIVES) or self.search.objectives
        theirs = list(zip(names, directions, strict=False))
        if ours != theirs or len(directions) != len(ours):
            raise ConfigError(
                f"{self.told} is one that is to {_said(theirs)}, and this sweep is to {_said(ours)}"
            )
        if _OBJECTIVES not in self.study.user_attrs:
            self.study.set_user_attr(_OBJECTIVES, list(names))

    @property
    def told(self) -> str:
        """Which study it is, in words."""
        return f"the study {self.study.study_name} in {shown(self.search.storage)}"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A block in which no other worker decides anything."""
        with self.reached(), alone(self.storage, self.study.study_name, this_process()):
            yield

    def reached(self) -> Any:
        """A block in which a storage that fails is told as such."""
        return reached(self.search.storage)

    @property
    def parent(self) -> Mapping[str, Any] | None:
        """What the first worker said of the run that all trials stand under."""
        told = self._attributes.get(_PARENT)
        return told if isinstance(told, Mapping) else None

    @parent.setter
    def parent(self, told: Mapping[str, Any]) -> None:
        self.study.set_user_attr(_PARENT, dict(told))

    def seen(self) -> Seen:
        """What the workers have said by now."""
        attributes = self._attributes
        trials = self.study.get_trials(deepcopy=False)
        return Seen(self.worker.name, attributes, trials, living(attributes))

    @property
    def _attributes(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.storage.get_study_user_attrs(self.id)
        return found

    def begin_round(self, *, goes_on: bool = False) -> None:
        """Begin a new one, as the first worker of it, and the one whose process has the parent open.

        Args:
            goes_on: whether the parent is the one of the round before.
        """
        seen = self.seen()
        failed = sum(trial.state is TrialState.FAIL for trial in seen.trials)
        first = seen.round.first if goes_on else len(seen.trials)
        self.study.set_user_attr(_ROUND, Round(seen.round.number + 1, first, failed))
        self.own()

    def own(self) -> None:
        """Say that the parent is open in this process, which ends it unless it dies."""
        self.study.set_user_attr(_OWNER, self.worker.name)


def _said(objectives: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{direction} {name}" for name, direction in objectives)
