"""``@tracked_sweep``: a search for the best hyperparameters, a run for each trial."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from .. import tags as t
from ..binding import with_argument
from ..call import Call
from ..decorate import decorator_for
from ..errors import ConfigError
from ..identity import resolve, study_key
from ..plan import Kind, Options
from ..redact import secret_values
from ..scope import Run
from ..sweeps import Search
from ..typed import Tracked
from .trials import Trial, Trials

if TYPE_CHECKING:
    import optuna

P = ParamSpec("P")
R = TypeVar("R")
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


def _drive(run: Run, options: SweepOptions, function: Any, args: Any, kwargs: Any) -> Any:
    """Try trial after trial; a function that takes no ``trial`` owns its loop and is just called."""
    if TRIAL not in inspect.signature(function).parameters:
        return function(*args, **kwargs)

    def objective(trial: Any) -> Any:
        given, named = with_argument(function, TRIAL, trial, args, kwargs)
        return function(*given, **named)

    trials = Trials(run, options, objective)
    trials.try_all()
    return Sweep(run, trials.all, trials.best)


def _identify(call: Call, _inherited: Mapping[str, str]) -> Mapping[str, str]:
    """A sweep is the same study when its configs are; without configs, when everything bound is.

    It belongs to no study around it: it is one.
    """
    secrets = secret_values(os.environ)
    hashes = resolve(call.arguments, {}, secrets)
    if t.STUDY_KEY_HASH not in hashes:
        hashes[t.STUDY_KEY_HASH] = study_key({}, call.arguments, {}, call.function, secrets).hash
    return hashes


def _read(result: Any) -> Any:
    return None if isinstance(result, Sweep) else result


SWEEP = Kind("hpo", identify=_identify, read=_read, options=SweepOptions, drive=_drive, supplies=(TRIAL,))


class SweepDecorator(Protocol):
    """A decorator whose function either takes a ``trial`` and becomes a whole sweep, or owns its own loop."""

    @overload
    def __call__(self, fn: Callable[Concatenate[optuna.Trial, P], Any], /) -> Tracked[P, Sweep]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        n_trials: int | None = 20,
        maximize: str | Sequence[str] = (),
        minimize: str | Sequence[str] = (),
        seed: int | None = None,
        sampler: Any = None,
        pruner: Any = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: type[BaseException] | tuple[type[BaseException], ...] = (),
        storage: Any = None,
        study_name: str | None = None,
        name: str | None = None,
        experiment: str | None = None,
        parent: object = None,
        tags: Mapping[str, str] | None = None,
        monitor: str | None = None,
    ) -> ConfiguredSweep: ...


class ConfiguredSweep(Protocol):
    """A sweep decorator whose options are given."""

    @overload
    def __call__(self, fn: Callable[Concatenate[optuna.Trial, P], Any], /) -> Tracked[P, Sweep]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...


tracked_sweep = cast("SweepDecorator", decorator_for(SWEEP))
