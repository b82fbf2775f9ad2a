"""The user's function as a trial calls it: with the caller's arguments, and with what the trial fills in."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any

from ..binding import with_argument

if TYPE_CHECKING:
    from ..sweeps.suggesting import SearchSpace

TRIAL = "trial"


@dataclass(frozen=True)
class Objective:
    """One call of a sweep's function, but for what each of its trials fills in; it can be sent to workers."""

    function: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    space: SearchSpace | None = None

    def __call__(self, trial: Any) -> Any:
        """Call it with this trial, or with what this trial suggests."""
        return self.call({TRIAL: trial, **(self.space.suggested(trial) if self.space else {})})

    def call(self, values: Mapping[str, Any]) -> Any:
        """Call it with those of these values that it has a parameter for."""
        args, kwargs = self.args, self.kwargs
        for name in inspect.signature(self.function).parameters:
            if name in values:
                args, kwargs = with_argument(self.function, name, values[name], args, kwargs)
        return self.function(*args, **kwargs)

    def sendable(self) -> Objective:
        """The same without a bound method: under its name, another process finds the decorated one."""
        if not isinstance(self.function, MethodType):
            return self
        bound = partial(self.function.__func__, self.function.__self__)
        return Objective(bound, self.args, self.kwargs, self.space)


def takes_trial(function: Any) -> bool:
    """Whether the function asks a trial for its hyperparameters by itself."""
    return TRIAL in inspect.signature(function).parameters
