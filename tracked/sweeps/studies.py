"""Studies of Optuna that the user's own code runs: found among values, and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import optuna

from ..ports import Told
from .reading import best_of, front_of, told
from .search import Search


class Reading(NamedTuple):
    """What a study has found."""

    names: Sequence[str]
    directions: Sequence[str]
    trials: Sequence[Told]
    best: Told | None
    front: Sequence[Told]
    """Empty unless there are several objectives."""
    about: Mapping[str, str]


def first_study(values: Iterable[Any]) -> optuna.Study | None:
    """The first study among these values and what the containers among them hold."""
    return next((value for value in _flat(values) if isinstance(value, optuna.Study)), None)


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield value
        if isinstance(value, tuple | list):
            yield from value
        elif isinstance(value, Mapping):
            yield from value.values()


def read_study(study: optuna.Study, search: Search | None, default: str) -> Reading:
    """What the study has found.

    Args:
        study: the study.
        search: names the objectives, where the study itself does not.
        default: name of an objective that nobody has named.
    """
    directions = [direction.name.lower() for direction in study.directions]
    names = study.metric_names or _names(directions, search) or _numbered(default, len(directions))
    return Reading(
        names,
        directions,
        [told(trial) for trial in study.get_trials(deepcopy=False)],
        best_of(study),
        front_of(study) if len(directions) > 1 else (),
        {
            "engine": f"optuna {optuna.__version__}",
            "sampler": type(study.sampler).__name__,
            "pruner": type(study.pruner).__name__,
        },
    )


def _names(directions: Sequence[str], search: Search | None) -> list[str] | None:
    """The names that the decorator gave, in the order of the study; None if they do not fit its directions."""
    if search is None or sorted(search.directions) != sorted(directions):
        return None
    of: dict[str, list[str]] = {"maximize": [], "minimize": []}
    for name, direction in zip(search.objectives, search.directions, strict=True):
        of[direction].append(name)
    return [of[direction].pop(0) for direction in directions]


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
