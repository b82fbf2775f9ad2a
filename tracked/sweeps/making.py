"""Optuna's study, sampler and pruner, as a search asks for them."""

from __future__ import annotations

import warnings
from typing import Any

import optuna

from ..errors import ConfigError
from .asking import Study
from .quiet import unannounced
from .search import PRUNERS, SAMPLERS, Search


class Grid(optuna.samplers.BruteForceSampler):
    """Optuna's sampler that tries everything once, with a word for what has no end."""

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """The next value."""
        if getattr(param_distribution, "step", 1) is None:
            raise ConfigError(
                f"a grid has a step in each direction: suggest_float({param_name!r}, ..., step=...), or choices"
            )
        return super().sample_independent(study, trial, param_name, param_distribution)


def make_study(search: Search, storage: Any) -> Study:
    """A new study, or the one of this name with all that it has learnt."""
    with unannounced():
        made = optuna.create_study(
            storage=storage,
            sampler=_sampler(search),
            pruner=_pruner(search),
            study_name=search.study_name,
            load_if_exists=search.study_name is not None,
            directions=search.directions,
        )
    return Study(made.study_name, storage, made.sampler, made.pruner)


def _sampler(search: Search) -> Any:
    """The sampler given, or the one of that name; TPE is Optuna's own choice too."""
    if search.sampler == "grid":
        with warnings.catch_warnings():
            # Whoever asks for a grid need not know that Optuna calls this sampler experimental, since 3.1.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return Grid(seed=search.seed)
    if search.sampler is None or isinstance(search.sampler, str):
        return getattr(optuna.samplers, SAMPLERS[search.sampler or "tpe"])(seed=search.seed)
    return search.sampler


def _pruner(search: Search) -> Any:
    if isinstance(search.pruner, str):
        return getattr(optuna.pruners, PRUNERS[search.pruner])()
    return search.pruner
