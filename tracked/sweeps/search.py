"""What a sweep looks for, as plain data: checked where it is written, before any engine is imported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import ConfigError
from ..settings import did_you_mean

Direction = Literal["maximize", "minimize"]

SAMPLERS = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "nsga2": "NSGAIISampler",
}
"""Names accepted for ``sampler``; each takes a seed.  Any sampler object of Optuna does as well."""

PRUNERS = {
    "none": "NopPruner",
    "median": "MedianPruner",
    "hyperband": "HyperbandPruner",
    "halving": "SuccessiveHalvingPruner",
}
"""Names accepted for ``pruner``; any pruner object of Optuna does as well."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """The search of one sweep.

        Search(n_trials=20, maximize="acc", seed=1)

    Raises:
        ConfigError: for a value that no engine could follow.
    """

    n_trials: int | None = None
    """How many trials are handed out; None: as many as are asked for."""
    maximize: str | Sequence[str] = ()
    minimize: str | Sequence[str] = ()
    seed: int | None = None
    sampler: Any = None
    """A name of :data:`SAMPLERS`, an Optuna sampler, or None for the engine's own choice."""
    pruner: Any = None
    """A name of :data:`PRUNERS`, an Optuna pruner, or None for the engine's own choice."""
    storage: Any = None
    """Where the study is kept: an Optuna storage or its URL; None for memory."""
    study_name: str | None = None
    """A study of this name in the storage is continued."""

    def __post_init__(self) -> None:
        _check_objectives(self.objectives)
        _check_name("sampler", self.sampler, SAMPLERS)
        _check_name("pruner", self.pruner, PRUNERS)
        if self.n_trials is not None and self.n_trials < 1:
            raise ConfigError(f"n_trials={self.n_trials}: a sweep has at least one trial")
        if self.seed is not None and not (self.sampler is None or isinstance(self.sampler, str)):
            raise ConfigError("seed= has no effect on a sampler object: give the seed to the sampler itself")

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of what is optimised, the maximised first; ``values`` are told in this order."""
        return (*_names(self.maximize), *_names(self.minimize))

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The direction of each objective."""
        up: Direction = "maximize"
        down: Direction = "minimize"
        return (up,) * len(_names(self.maximize)) + (down,) * len(_names(self.minimize))

    def judge(self, state: str, values: Sequence[float] | None) -> str:
        """The state that a trial really has: without a number for each objective, or with NaN, it has failed."""
        return state if state != "complete" or self._ranks(values) else "failed"

    def _ranks(self, values: Sequence[float] | None) -> bool:
        return values is not None and len(values) == len(self.objectives) and not any(map(math.isnan, values))


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _check_objectives(names: tuple[str, ...]) -> None:
    if not names:
        raise ConfigError('a sweep needs something to optimise: maximize="acc" or minimize="loss"')
    if len(set(names)) < len(names):
        raise ConfigError(f"an objective is named twice: {', '.join(names)}")


def _check_name(option: str, given: Any, known: dict[str, str]) -> None:
    if isinstance(given, str) and given not in known:
        raise ConfigError(f"{option}={given!r} is not known{did_you_mean(given, known)}")
