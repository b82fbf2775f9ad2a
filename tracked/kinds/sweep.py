"""``@tracked_sweep``: a search for the best hyperparameters, a run for each trial."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from .. import tags as t
from ..call import Call
from ..decorate import Tracked, decorator_for
from ..errors import ConfigError
from ..identity import resolve, study_key
from ..plan import Kind, Options
from ..redact import secret_values
from ..scope import Run
from ..sweeps import Search
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
        if type(self.n_jobs) is not int or self.n_jobs < 1:
            raise ConfigError(f"n_jobs is a whole number from 1 on, not {self.n_jobs!r}")
        if isinstance(self.catch, type):
            object.__setattr__(self, "catch", (self.catch,))
        _ = self.search

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
    place = _place_of_trial(function)
    if place is None:
        return function(*args, **kwargs)

    def objective(trial: Any) -> Any:
        return function(trial, *args, **kwargs) if place == 0 else function(*args, **{**kwargs, TRIAL: trial})

    trials = Trials(run, options, objective)
    trials.try_all()
    return Sweep(run, trials.all, trials.best)


def _place_of_trial(function: Any) -> int | None:
    names = list(inspect.signature(function).parameters)
    return names.index(TRIAL) if TRIAL in names else None


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
