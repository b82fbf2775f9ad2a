"""How much a store takes: one value for each kind of store, chosen by its URI, and obeyed by whoever sends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

KEPT_PARAMS, KEPT_TAGS = 4, 10
"""Names of a run that are kept for ourselves: claims of an attempt; how it ended, its description, its heartbeat."""


class Used(NamedTuple):
    """Names that a run has by now."""

    params: set[str]
    tags: set[str]
    metrics: set[str]


@dataclass(frozen=True)
class Limits:
    """How much a store takes in one request, and how long names and values may be (characters).

    ``bytes`` counts texts only: the length of names and values of params and tags in one request.  ``run_params``,
    ``run_tags`` and ``run_metrics`` count the names that one run may have in all; None means any number.
    """

    points: int = 1000
    params: int = 100
    tags: int = 100
    entities: int = 1000
    bytes: int = 500_000
    key_length: int = 250
    tag_key_length: int = 250
    param_length: int = 6000
    tag_length: int = 8000
    run_params: int | None = None
    run_tags: int | None = None
    run_metrics: int | None = None

    @property
    def counts_names(self) -> bool:
        """Whether a run can be full."""
        return not (self.run_params is self.run_tags is self.run_metrics is None)

    def room(self) -> tuple[float, float, float]:
        """How many names of params, tags and metrics users may have in one run."""
        return (
            math.inf if self.run_params is None else self.run_params - KEPT_PARAMS,
            math.inf if self.run_tags is None else self.run_tags - KEPT_TAGS,
            math.inf if self.run_metrics is None else self.run_metrics,
        )

    def exceeded(self, used: Used) -> list[str]:
        """Of what these are more names than a run has room for, with that number."""
        return [
            f"{what} than {room}"
            for what, names, room in zip(Used._fields, used, self.room(), strict=True)
            if len(names) > room
        ]


USUAL = Limits()
AZURE = Limits(
    points=200,  # documented are 250 values of one metric, and users report 200 in all
    tag_key_length=100,
    tag_length=1000,
    run_params=200,
    run_tags=50,
    run_metrics=50,
)


def limits_of(uri: str) -> Limits:
    """What the store behind this URI takes, as far as it can be known before it is asked."""
    return AZURE if uri.startswith("azureml:") else USUAL
