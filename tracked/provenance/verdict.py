"""Whether two runs measured the same: the first step at which they do not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

History = Mapping[str, Sequence[tuple[int, float]]]
"""Step and value of each point of each metric, in order."""

RTOL, ATOL = 1e-5, 1e-8
"""How far apart two numbers may be that count as the same: by ratio, and in all."""


@dataclass(frozen=True)
class Divergence:
    """Where two runs part.

    Attributes:
        metric: its name.
        step: the step.
        then: what the first run measured there; None if nothing.
        now: the same of the second one.
    """

    metric: str
    step: int
    then: float | None
    now: float | None

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.metric} at step {self.step} was {self.then!r}, and is not measured now"
        if self.then is None:
            return f"{self.metric} at step {self.step} is {self.now!r}, and was not measured then"
        apart = f"{abs(self.now - self.then):.3g} apart"
        return f"{self.metric} at step {self.step} was {self.then!r} and is {self.now!r}, {apart}"


def first_divergence(
    then: History, now: History, rtol: float = RTOL, atol: float = ATOL, only: Collection[str] = ()
) -> Divergence | None:
    """The divergence of the lowest step, and of these the metric's that is first by name; None if all is the same.

    Args:
        then: what the first run measured.
        now: what the second one did.
        rtol: how far a number may be from the first run's, as a part of it.
        atol: how far it may be in any case.
        only: names of the metrics that count; all if empty.
    """
    before, after = _points(then, only), _points(now, only)
    parted = [
        Divergence(metric, step, before.get(point), after.get(point))
        for point in sorted(before.keys() | after.keys())
        for step, metric, _ in [point]
        if not _same(before.get(point), after.get(point), rtol, atol)
    ]
    return parted[0] if parted else None


def _points(history: History, only: Collection[str]) -> dict[tuple[int, str, int], float]:
    """Values by step, metric, and which of the values of that step it is."""
    points: dict[tuple[int, str, int], float] = {}
    for metric, values in history.items():
        seen: Counter[int] = Counter()
        for step, value in values if not only or metric in only else ():
            points[step, metric, seen[step]] = value
            seen[step] += 1
    return points


def _same(then: float | None, now: float | None, rtol: float, atol: float) -> bool:
    if then is None or now is None:
        return then is now
    if math.isnan(then) or math.isnan(now):
        return math.isnan(then) and math.isnan(now)
    return then == now or abs(now - then) <= atol + rtol * abs(then)
