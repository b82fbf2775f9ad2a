"""The course of a metric, as much of it as a small picture shows."""

from __future__ import annotations

from collections.abc import Mapping

MOST = 256
"""Points of one metric that are held."""
_METRICS = 24
"""Metrics of one run whose course is held."""


class Curve:
    """The values of one metric in their order; of many, each second, fourth and so on, and always the last."""

    def __init__(self) -> None:
        self._kept: list[float] = []
        self._every = 1
        self._count = 0
        self._last = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        if self._count % self._every == 0:
            self._kept.append(value)
            if len(self._kept) >= MOST:
                self._kept = self._kept[::2]
                self._every *= 2
        self._count += 1
        self._last = value

    @property
    def values(self) -> list[float]:
        """What is held, the last value at the end."""
        is_last_kept = (self._count - 1) % self._every == 0
        return self._kept if is_last_kept or not self._count else [*self._kept, self._last]


class Curves:
    """The course of each metric of one run."""

    def __init__(self) -> None:
        self._curves: dict[str, Curve] = {}

    def add(self, numbers: Mapping[str, float]) -> None:
        """Values that were logged together; beyond two dozen metrics, new ones are not followed."""
        for key, value in numbers.items():
            curve = self._curves.get(key)
            if curve is None:
                if len(self._curves) >= _METRICS:
                    continue
                curve = self._curves[key] = Curve()
            curve.add(value)

    def of(self, key: str) -> list[float]:
        """The values of this metric; none if it was not followed."""
        curve = self._curves.get(key)
        return [] if curve is None else curve.values
