"""What a sweep looks for, as plain data: checked where it is written, before any engine is imported."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import ConfigError
from ..ports import Told
from ..settings import did_you_mean

Direction = Literal["maximize", "minimize"]

SAMPLERS = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "grid": "BruteForceSampler",
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

JOURNAL = "journal:"
_DATABASE = re.compile(r"[a-z][a-z0-9+_]*:///?\S+")
_PROXY = re.compile(r"grpc://[^/\s]+:\d+/?")


@dataclass(frozen=True, kw_only=True)
class Search:
    """The search of one sweep.

        Search(n_trials=20, maximize="acc", seed=1)

    Raises:
        ConfigError: for a value that no engine could follow.
    """

    n_trials: int | None = None
    """How many trials are handed out; None: as many as are asked for, or as a grid has."""
    maximize: str | Sequence[str] = ()
    minimize: str | Sequence[str] = ()
    seed: int | None = None
    sampler: Any = None
    """A name of :data:`SAMPLERS`, an Optuna sampler, or None for the engine's own choice."""
    pruner: Any = None
    """A name of :data:`PRUNERS`, an Optuna pruner, or None for the engine's own choice."""
    storage: Any = None
    """Where the study is kept: None for memory; a path or ``journal:PATH``; the URL of a database;
    ``grpc://HOST:PORT``; or a storage of Optuna."""
    study_name: str | None = None
    """A study of this name in the storage is continued."""

    def __post_init__(self) -> None:
        _check_objectives(self.objectives)
        _check_choice("sampler", self.sampler, SAMPLERS, "sample_independent")
        _check_choice("pruner", self.pruner, PRUNERS, "prune")
        _check_storage(self.storage)
        if self.n_trials is not None and self.n_trials < 1:
            raise ConfigError(f"n_trials={self.n_trials}: a sweep has at least one trial")
        if self.seed is not None and not (self.sampler is None or isinstance(self.sampler, str)):
            raise ConfigError("seed= has no effect on a sampler object: give the seed to the sampler itself")
        if self.pruner not in (None, "none") and len(self.objectives) > 1:
            raise ConfigError(
                f"a pruner judges one objective, and here are {len(self.objectives)}: leave it out"
            )

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

    def better(self, one: Told | None, other: Told | None) -> Told | None:
        """The better of two trials by the first objective, the others deciding between equals; else the first."""
        if other is None or other.state != "complete" or not other.is_feasible:
            return one
        return other if one is None or self._rank(other) > self._rank(one) else one

    def front(self, trials: Iterable[Told]) -> tuple[Told, ...]:
        """The complete trials that no other one beats: is as good as in every objective, and better in one."""
        able = [(self._rank(told), told) for told in trials if told.state == "complete" and told.is_feasible]
        front: list[tuple[tuple[float, ...], Told]] = []
        # Whatever beats a trial stands before it in this order, so the front is all that it has to be held against.
        for rank, told in sorted(able, key=lambda one: one[0], reverse=True):
            if not any(_beats(other, rank) for other, _ in front):
                front.append((rank, told))
        return tuple(sorted((told for _, told in front), key=lambda told: told.number))

    def _rank(self, told: Told) -> tuple[float, ...]:
        """Higher is better, in every direction."""
        return tuple(
            value if direction == "maximize" else -value
            for value, direction in zip(told.values, self.directions, strict=True)
        )

    def untried(self, done: int, failed: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        """One mapping for each trial that is missing: hyperparameters of failed ones, else nothing."""
        left = len(failed) if self.n_trials is None else max(0, self.n_trials - done)
        return (*failed[:left], *({} for _ in range(left - len(failed))))


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _check_objectives(names: tuple[str, ...]) -> None:
    if not names:
        raise ConfigError('a sweep needs something to optimise: maximize="acc" or minimize="loss"')
    if len(set(names)) < len(names):
        raise ConfigError(f"an objective is named twice: {', '.join(names)}")


def _check_storage(given: Any) -> None:
    """Refuse what names no storage; a URL is not shown, since it may hold a password."""
    if isinstance(given, str):
        is_one = (len(given) > len(JOURNAL) and given.startswith(JOURNAL)) or (
            _PROXY.fullmatch(given) if given.startswith("grpc:") else _DATABASE.fullmatch(given)
        )
        if not is_one or given.startswith("redis"):
            raise ConfigError(
                "storage, as a text, is journal:PATH, grpc://HOST:PORT or the URL of a database, such as "
                "sqlite:///study.db or postgresql+psycopg2://USER@HOST/DATABASE; a file is also given as a Path"
            )
    elif given is not None and (
        isinstance(given, type) or not (isinstance(given, os.PathLike) or hasattr(given, "create_new_study"))
    ):
        raise ConfigError(f"storage is a path, a text or a storage of Optuna, not {given!r}")


def _check_choice(option: str, given: Any, known: dict[str, str], method: str) -> None:
    """A known name, or an object that can do what is asked of it: told without importing the engine."""
    if isinstance(given, str):
        if given not in known:
            raise ConfigError(f"{option}={given!r} is not known{did_you_mean(given, known)}")
    elif isinstance(given, type):
        raise ConfigError(
            f"{option} is an object, not a class: {given.__name__}() instead of {given.__name__}"
        )
    elif given is not None and not hasattr(given, method):
        raise ConfigError(f"{option} is one of {', '.join(known)} or a {option} of Optuna, not {given!r}")
