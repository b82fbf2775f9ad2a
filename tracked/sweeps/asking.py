"""Optuna's study and trial, where the loop is not Optuna's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError

from ..errors import ConfigError

Choice = TypeVar("Choice")


class Study(optuna.Study):
    """A study that is asked and told: ``stop()`` ends the sweep, whether a sampler or the user's function says it.

    Optuna's own raises outside of ``optimize``, where its grid samplers call it after the last cell.
    """

    was_stopped = False

    def stop(self) -> None:
        """Let no further trial begin."""
        self.was_stopped = True

    def next_trial(self) -> Trial:
        """The next trial."""
        trial = self.ask()
        # Optuna makes its trials itself; this one learns to hold what it hears.
        trial.__class__ = Trial
        assert isinstance(trial, Trial)  # noqa: S101 - for the type checker
        return trial.ready()

    def trial_of(self, trial_id: int) -> Trial:
        """The trial with this number of its storage, which has begun already."""
        return Trial(self, trial_id).ready()


class Trial(optuna.Trial):
    """A trial that hears what is logged, and passes it on when its pruner is asked.

    So a function that reports by itself as well, as Optuna's examples do, meets no second report of the same step.
    A space that cannot be is a ``ConfigError``, which is the ``ValueError`` that Optuna raises, and names it.
    """

    pending: dict[int, float]
    passed: set[int]
    known: frozenset[int]
    """Steps that another process has reported, which had this trial before."""
    meets: Callable[[str, BaseDistribution], None] | None = None
    """Told what is chosen from what; may refuse."""
    _reports_itself = False

    def ready(self) -> Trial:
        """The trial itself, which knows what was reported of it before."""
        self.known = frozenset(self._cached_frozen_trial.intermediate_values)
        self.pending, self.passed = {}, set(self.known)
        return self

    def hear(self, value: float, step: int) -> None:
        """Take a value of the objective; the first one of a step counts."""
        if step >= 0 and step not in self.passed and not self._reports_itself:
            self.pending.setdefault(step, value)

    def report(self, value: float, step: int) -> None:
        """Optuna's ``report``; from now on only these count.  What an earlier attempt has reported stays."""
        self._reports_itself = True
        if step not in self.known:
            self._report(value, step)

    def should_prune(self) -> bool:
        """Optuna's ``should_prune``, which knows what was logged."""
        self.pass_on()
        return super().should_prune()

    def pass_on(self) -> None:
        """Report what was heard."""
        pending, self.pending = self.pending, {}
        if not self._reports_itself:
            self.passed.update(pending)
            for step, value in pending.items():
                self._report(value, step)

    def _report(self, value: float, step: int) -> None:
        # Whoever was taken for dead may work on a trial that another process has ended: that is no fault of its code.
        with suppress(UpdateFinishedTrialError):
            super().report(value, step)

    def suggest_float(self, name: str, *args: Any, **kwargs: Any) -> float:
        """Optuna's ``suggest_float``."""
        with _possible(name):
            return self._met(name, super().suggest_float(name, *args, **kwargs))

    def suggest_int(self, name: str, *args: Any, **kwargs: Any) -> int:
        """Optuna's ``suggest_int``."""
        with _possible(name):
            return self._met(name, super().suggest_int(name, *args, **kwargs))

    def suggest_categorical(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Optuna's ``suggest_categorical``."""
        with _possible(name):
            return self._met(name, super().suggest_categorical(name, *args, **kwargs))

    def _met(self, name: str, chosen: Choice) -> Choice:
        if self.meets is not None:
            self.meets(name, self.distributions[name])
        return chosen


@contextmanager
def _possible(name: str) -> Iterator[None]:
    try:
        yield
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"hyperparameter {name!r} cannot be chosen: {error}") from error
