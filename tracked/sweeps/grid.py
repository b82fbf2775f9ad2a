"""Which cells of a grid were not tried."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

DONE = TrialState.COMPLETE, TrialState.PRUNED


def untried(trials: Sequence[FrozenTrial], at: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Cells of the grid that the trials themselves declare, by what they suggest, in which none was finished.

    Args:
        trials: those that have chosen as ``at`` says.
        at: what was chosen so far.  What comes next may depend on it, so a cell may be the beginning of several.
    """
    at = dict(at or {})
    deeper = [trial for trial in trials if len(trial.params) > len(at)]
    if not deeper:
        if not any(trial.state in DONE for trial in trials):
            yield at
        return
    name, distribution = next((n, d) for n, d in deeper[0].distributions.items() if n not in at)
    for value in _points(distribution):
        here = [trial for trial in deeper if name in trial.params and trial.params[name] == value]
        yield from untried(here, {**at, name: value})


def _points(distribution: BaseDistribution) -> Sequence[Any]:
    """The values of a distribution, exactly as Optuna steps through them."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    low, high, step = (Decimal(str(getattr(distribution, name))) for name in ("low", "high", "step"))
    kind = type(distribution.low)  # type: ignore[attr-defined]
    return [kind(low + i * step) for i in range(int((high - low) / step) + 1)]


def untried_of_sampler(trials: Sequence[FrozenTrial]) -> list[dict[str, Any]]:
    """Cells of the grid that was given to Optuna's ``GridSampler``, which notes grid and cell with each trial."""
    attributes = [(trial.system_attrs, trial.state) for trial in trials if "grid_id" in trial.system_attrs]
    if not attributes:
        return []
    grid = attributes[0][0]["search_space"]
    done = {noted["grid_id"] for noted, state in attributes if state in DONE}
    cells = itertools.product(*grid.values())
    return [dict(zip(grid, cell, strict=True)) for number, cell in enumerate(cells) if number not in done]
