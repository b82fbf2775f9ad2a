"""A search space that is declared, and what a trial of any engine suggests from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..errors import ConfigError
from ..identity import possible_space
from ..identity.possible import is_choice, is_group, is_range

Chosen = TypeVar("Chosen")
Define = Callable[[Any], Mapping[str, Any]]
"""A space that is a function: it asks its trial for what it wants, and returns the values by name."""


@dataclass(frozen=True)
class SearchSpace:
    """What the hyperparameters of a sweep are chosen from."""

    form: Mapping[str, Any]
    """Its canonical form: of a space that is a function, what it asks for where the first choices are taken."""
    names: tuple[str, ...]
    """The arguments that it fills in."""
    define: Define | None = None

    @classmethod
    def of(cls, given: Any) -> SearchSpace:
        """The space in any form: a mapping of tuples, lists, or distributions, or a function of the trial.

        Raises:
            ConfigError: a hyperparameter, which is named, has nothing to be chosen from.
        """
        if not callable(given):
            form = possible_space(given)
            return cls(form, tuple(form))
        recorder = _Recorder()
        try:
            names = given(recorder)
        except AttributeError as error:
            raise ConfigError(
                f"a space that is a function suggests, and asks nothing else: {error}"
            ) from error
        if not isinstance(names, Mapping):
            raise ConfigError(f"a space that is a function returns the values by name, not {names!r}")
        return cls(possible_space(recorder.space), tuple(names), given)

    def suggested(self, trial: Any) -> Mapping[str, Any]:
        """The values of one trial, by argument."""
        return _suggested(trial, self.form, "") if self.define is None else self.define(trial)


def _suggested(trial: Any, space: Mapping[str, Any], above: str) -> dict[str, Any]:
    return {name: _chosen(trial, f"{above}{name}", form) for name, form in space.items()}


def _chosen(trial: Any, name: str, form: Any) -> Any:
    if is_choice(form):
        return trial.suggest_categorical(name, form if isinstance(form, list) else form["values"])
    if is_range(form):
        how = {key: form[key] for key in ("step", "log") if key in form}
        suggest = trial.suggest_int if form["type"] == "int" else trial.suggest_float
        return suggest(name, form["low"], form["high"], **how)
    return _suggested(trial, form, f"{name}.") if is_group(form) else form


@dataclass
class _Recorder:
    """A trial that takes the first of everything, and notes what it was asked."""

    space: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    params: dict[str, Any] = field(default_factory=dict)
    """What was suggested so far."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """The lower bound."""
        return self._noted(name, low, {"type": "float", "low": low, "high": high, "step": step, "log": log})

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """The lower bound."""
        return self._noted(name, low, {"type": "int", "low": low, "high": high, "step": step, "log": log})

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """The first choice."""
        first = choices[0] if choices else None
        return self._noted(name, first, {"type": "choice", "values": list(choices)})

    def _noted(self, name: str, value: Chosen, form: Mapping[str, Any]) -> Chosen:
        self.space[name], self.params[name] = form, value
        return value
