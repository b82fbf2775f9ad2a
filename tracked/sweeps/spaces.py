"""Two functions that search under one name: whether they search the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optuna.distributions import BaseDistribution

from ..errors import ConfigError
from ..identity import canonical, plain_space, to_bytes


class Spaces:
    """What hyperparameters were chosen from by another function.

    Args:
        study: which study it is, in words.
        chosen: the distributions by name, of each trial of that function.
    """

    def __init__(self, study: str, chosen: Iterable[Mapping[str, BaseDistribution]]) -> None:
        self._study = study
        self._forms: dict[str, set[str]] = {}
        for trial in chosen:
            for name, distribution in trial.items():
                self._forms.setdefault(name, set()).add(_form(distribution))

    def meets(self, name: str, distribution: BaseDistribution) -> None:
        """Refuse another range of a name that is known.

        Raises:
            ConfigError: the other function chooses this from something else.
        """
        there, here = self._forms.get(name), _form(distribution)
        if there and here not in there:
            raise ConfigError(
                f"{self._study} is another sweep's: {name!r} is chosen from {here} here, and from "
                f"{' or '.join(sorted(there))} there. Give this sweep a study_name= of its own"
            )


def _form(distribution: Any) -> str:
    return to_bytes(canonical(plain_space(distribution)).tree).decode()
