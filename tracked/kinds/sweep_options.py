"""What a sweep may be given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ConfigError
from ..plan import AGGREGATE, Kind, Options
from ..settings import did_you_mean
from ..sweeps import Search
from .objective import takes_trial
from .sweep_values import Sweep, Trial

if TYPE_CHECKING:
    from ..sweeps.suggesting import SearchSpace

_SEARCH = ("maximize", "minimize", "seed", "sampler", "pruner", "storage", "study_name")
_ASKED = ("n_trials", "timeout", "seed", "sampler", "pruner", "study_name")
_GRIDS = ("GridSampler", "BruteForceSampler")
_TRIALS = 20
RAY = "ray"
ENGINES = ("optuna", RAY)


@dataclass(frozen=True, kw_only=True)
class SweepOptions(Options):
    """Options of a sweep.

    Attributes:
        per_call: each call of a sweep is a run.
        n_trials: how many trials are tried, at most; by default 20, or as many as fit where a ``timeout`` or a grid
            ends the sweep.
        maximize, minimize: name of the metric that is optimised, or several; without either, the returned
            number is minimised.
        seed: makes the suggestions repeatable.
        sampler: ``"tpe"``, ``"random"``, ``"grid"`` (each combination of what is suggested, once), ``"nsga2"``, or a
            sampler of Optuna.
        pruner: ``"median"``, ``"hyperband"``, ``"halving"``, ``"none"``, or a pruner of Optuna; it goes by what is
            logged of the objective.
        timeout: seconds after which no further trial begins.
        n_jobs: how many trials run at once, in threads.
        catch: exceptions that fail a trial but not the sweep.
        callbacks: called after each trial with the sweep so far and the trial; what one raises ends the sweep.
        storage, study_name: where Optuna keeps the study, for one that is continued.
        space: what the hyperparameters are chosen from, by name: ranges, choices and fixed values in any form that
            ``identity.spaces`` knows, or a function of the trial that returns the values by name.  Each is an argument
            of the function, which needs no ``trial`` then; a pruner stops it where it logs.
        engine: ``"optuna"`` tries in this process; ``"ray"`` in Ray's workers, ``n_jobs`` of them at once, on as many
            machines as Ray has.  That takes a ``space``, and ``pruner`` may be a scheduler of Ray Tune too.
        resources: with ``"ray"``, what is set aside for each trial, such as ``{"cpu": 2, "gpu": 1}``; by default a CPU.
    """

    per_call: Literal["run"] = "run"
    n_trials: int | None = None
    maximize: str | Sequence[str] = ()
    minimize: str | Sequence[str] = ()
    seed: int | None = None
    sampler: Any = None
    pruner: Any = None
    timeout: float | None = None
    n_jobs: int = 1
    catch: type[BaseException] | Sequence[type[BaseException]] = ()
    callbacks: Callable[[Sweep, Trial], object] | Sequence[Callable[[Sweep, Trial], object]] = ()
    storage: Any = None
    study_name: str | None = None
    space: Any = None
    engine: Literal["optuna", "ray"] = "optuna"
    resources: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.per_call == AGGREGATE:
            raise ConfigError(
                f"per_call={AGGREGATE!r} makes calls steps of one run, and a sweep has one best and one search space: "
                "each call of it is a run (the function that it calls may be aggregated)"
            )
        self._text_or_none("study_name")
        self._check("n_trials", _is_count(self.n_trials, or_none=True), "a whole number from 1 on, or None")
        self._check("n_jobs", _is_count(self.n_jobs), "a whole number from 1 on")
        self._check("seed", self.seed is None or type(self.seed) is int, "a whole number")
        self._check("timeout", _is_time(self.timeout), "a number of seconds from 0 on")
        self._check("catch", all(map(_is_exception, self.caught)), "an exception class, or several")
        self._check("callbacks", all(map(callable, self.called)), "a function, or several")
        for name in ("maximize", "minimize"):
            self._check(name, _are_names(getattr(self, name)), "the name of a metric, or several")
        self._one_of("engine", ENGINES)
        if self.engine == RAY and self.space is None:
            raise ConfigError(
                'engine="ray" sends values to its workers: say what to choose from, space={...}'
            )
        if self.engine == RAY and find_spec("ray") is None:
            raise ConfigError('engine="ray" needs Ray, which is not installed: pip install "tracked[ray]"')
        self._check("resources", self.resources is None or self.engine == RAY, 'for engine="ray"')
        _ = self.search, self.searched

    def adapted(self, kind: Kind) -> Kind:
        """The space is part of what a sweep is recognised by, and fills in arguments."""
        if self.searched is None or kind.identify is None:
            return kind
        identify: Any = kind.identify
        identify = partial(identify, space=self.searched.form)
        return replace(kind, identify=identify, supplies=(*kind.supplies, *self.searched.names))

    def fits(self, fn: Any) -> None:
        """Refuse a function without an argument for each hyperparameter.

        Raises:
            ConfigError: it is one.
        """
        super().fits(fn)
        if self.engine == RAY and takes_trial(fn):
            raise ConfigError(
                'engine="ray" sends values to its workers, and no trial: take them as arguments'
            )
        parameters = inspect.signature(getattr(fn, "__func__", fn)).parameters
        for name in self.searched.names if self.searched else ():
            if name not in parameters:
                raise ConfigError(f"space: there is no argument {name!r}{did_you_mean(name, parameters)}")

    @property
    def searched(self) -> SearchSpace | None:
        """The space as engines read it.

        Raises:
            ConfigError: it is none, or a hyperparameter has nothing to be chosen from.
        """
        if self.space is None:
            return None
        from ..sweeps.suggesting import SearchSpace  # noqa: PLC0415 - few give one, and `import tracked` is quick

        return SearchSpace.of(self.space)

    @property
    def search(self) -> Search:
        """The search as the engine needs it.

        Raises:
            ConfigError: a value that no engine could follow.
        """
        given = {name: getattr(self, name) for name in _SEARCH}
        if self.has_scheduler:
            given["pruner"] = "none"
        if not self.names_objectives:
            given["minimize"] = self.monitor or "value"
        return Search(n_trials=self.n_trials or self._usual_trials(), **given)

    @property
    def has_scheduler(self) -> bool:
        """Whether a scheduler of Ray Tune decides which trials are hopeless."""
        return self.engine == RAY and hasattr(self.pruner, "on_trial_result")

    @property
    def stops_trials(self) -> bool:
        """Whether a trial ends where it logs: somebody wants that, and the function has no trial to ask."""
        return self.space is not None and self.pruner not in (None, "none")

    @property
    def asked(self) -> Mapping[str, Any]:
        """What is searched for, how, and how long."""
        how = {name: getattr(self, name) for name in _ASKED}
        return {**how, "maximize": _several(self.maximize), "minimize": _several(self.minimize)}

    def gives(self, fn: Any) -> Any:
        """A sweep, but for a function that owns its loop."""
        return Sweep if self.space is not None or takes_trial(fn) else None

    @property
    def caught(self) -> tuple[type[BaseException], ...]:
        """The exceptions that fail a trial only."""
        return _several(self.catch)

    @property
    def called(self) -> tuple[Callable[[Sweep, Trial], object], ...]:
        """What is called after each trial."""
        return _several(self.callbacks)

    @property
    def names_objectives(self) -> bool:
        """Whether it is said what is optimised."""
        return bool(self.maximize or self.minimize)

    def _usual_trials(self) -> int | None:
        is_grid = self.sampler == "grid" or type(self.sampler).__name__ in _GRIDS
        return None if is_grid or self.timeout is not None else _TRIALS


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


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
