"""What goes into a sweep and what comes out of it, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError
from ..plan import Options
from ..run import Run
from ..sweeps import Search

TRIAL = "trial"
_SEARCH = ("n_trials", "maximize", "minimize", "seed", "sampler", "pruner", "storage", "study_name")


@dataclass(frozen=True)
class SweepOptions(Options):
    """Options of a sweep.

    Attributes:
        n_trials: how many trials are tried, at most.
        maximize, minimize: name of the metric that is optimised, or several; without either, the returned
            number is minimised.
        seed: makes the suggestions repeatable.
        sampler, pruner: a name, or an object of Optuna.
        timeout: seconds after which no further trial begins.
        n_jobs: how many trials run at once, in threads.
        catch: exceptions that fail a trial but not the sweep.
        storage, study_name: where Optuna keeps the study, for one that is continued.
    """

    n_trials: int | None = 20
    maximize: str | Sequence[str] = ()
    minimize: str | Sequence[str] = ()
    seed: int | None = None
    sampler: Any = None
    pruner: Any = None
    timeout: float | None = None
    n_jobs: int = 1
    catch: tuple[type[BaseException], ...] = ()
    storage: Any = None
    study_name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._text_or_none("study_name")
        caught: Any = self.catch
        caught = tuple(caught) if isinstance(caught, tuple | list) else (caught,)
        object.__setattr__(self, "catch", caught)
        self._check("n_trials", _is_count(self.n_trials, or_none=True), "a whole number from 1 on, or None")
        self._check("n_jobs", _is_count(self.n_jobs), "a whole number from 1 on")
        self._check("seed", self.seed is None or type(self.seed) is int, "a whole number")
        self._check("timeout", _is_time(self.timeout), "a number of seconds from 0 on")
        self._check("catch", all(map(_is_exception, caught)), "an exception class, or several")
        for name in ("maximize", "minimize"):
            self._check(name, _are_names(getattr(self, name)), "the name of a metric, or several")
        _ = self.search

    def _check(self, name: str, fits: bool, what: str) -> None:  # noqa: FBT001
        if not fits:
            raise ConfigError(f"{name} is {what}, not {getattr(self, name)!r}")

    @property
    def search(self) -> Search:
        """The search as the engine needs it.

        Raises:
            ConfigError: a value that no engine could follow.
        """
        given = {name: getattr(self, name) for name in _SEARCH}
        if not self.maximize and not self.minimize:
            given["minimize"] = self.monitor or "value"
        return Search(**given)


def _is_count(value: Any, *, or_none: bool = False) -> bool:
    return (type(value) is int and value >= 1) or (or_none and value is None)


def _is_time(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and value >= 0)


def _is_exception(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _are_names(value: Any) -> bool:
    names = (value,) if isinstance(value, str) else value
    blank = value == "" or not isinstance(names, tuple | list)
    return not blank and all(isinstance(name, str) and name.strip() for name in names)


@dataclass(frozen=True)
class Trial:
    """One trial that has ended.

    Attributes:
        number: its number in the study, from 0 on.
        params: the hyperparameters that were suggested.
        values: the objectives, in the order in which they were named; empty unless complete.
        state: complete, pruned or failed.
        metrics: the last value of every metric that was returned or logged in its run.
        run: its run.
    """

    number: int
    params: Mapping[str, Any]
    values: tuple[float, ...]
    state: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    run: Run | None = field(default=None, compare=False)

    @property
    def value(self) -> float | None:
        """The first objective."""
        return self.values[0] if self.values else None


@dataclass(frozen=True)
class Sweep:
    """What a sweep gives back.

    Attributes:
        run: the run of the sweep; its children are the trials.
        trials: every trial of this call, in the order of their numbers.
        best: the best complete trial; None if there is none.
    """

    run: Run
    trials: Sequence[Trial] = field(default_factory=tuple)
    best: Trial | None = None

    def __repr__(self) -> str:
        return f"Sweep({self.run.name}, {len(self.trials)} trials, best={self.best})"
