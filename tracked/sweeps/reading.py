"""Optuna's frozen trials as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ..ports import Told

STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
NAMES = {state: name for name, state in STATES.items()}


def told(trial: FrozenTrial) -> Told:
    """How this trial ended."""
    return Told(
        trial.number,
        NAMES.get(trial.state, trial.state.name.lower()),
        tuple(trial.values or ()),
        trial.params,
        constraints_of(trial),
        trial.distributions,
        trial.intermediate_values,
    )


def constraints_of(trial: FrozenTrial) -> Mapping[str, float]:
    """Set by name from Optuna 5 on; before, by position, by the sampler's ``constraints_func``."""
    if hasattr(trial, "constraints"):
        return dict(trial.constraints)
    given: Any = trial.system_attrs.get("constraints") or ()
    return {str(i): float(value) for i, value in enumerate(given)}


def best_of(study: optuna.Study) -> Told | None:
    """The best trial; of several objectives, the one of the Pareto front that leads by the first."""
    if len(study.directions) > 1:
        leads = max if study.directions[0].name == "MAXIMIZE" else min
        return leads(front_of(study), key=lambda trial: trial.values[0], default=None)
    try:
        return told(study.best_trial)
    except ValueError:  # Optuna's word for: there is none
        return None


def front_of(study: optuna.Study) -> tuple[Told, ...]:
    """The trials that no other one beats."""
    return tuple(sorted((told(trial) for trial in study.best_trials), key=lambda trial: trial.number))
