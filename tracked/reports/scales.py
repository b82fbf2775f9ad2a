"""Where values stand on an axis, whatever they are: numbers of any size, choices, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, isfinite, log10
from typing import Any

from .weighing import are_numbers

_DECADES = 2.0
"""Positive numbers that span so many decades or more are shown by their logarithm."""
_EDGE = 0.03
"""Part of an axis that is left free at each end, so that nothing is drawn on its rim."""
_MANY = 1e12
"""Steps from zero to the ends of an axis, beyond which its marks could not be told apart."""
_ENOUGH, _FAR = 8, 2.0
"""Values among which one can be far off: so many times as far from the middle half of them as that is wide."""
_CHOICES = 12
"""Choices of one parameter that have a place of their own; the others share the last one."""


@dataclass(frozen=True)
class Scale:
    """The stretch of an axis."""

    low: float
    high: float
    is_log: bool = False
    choices: Sequence[str] = ()
    """Where these are given, values are texts."""

    def at(self, value: Any) -> float | None:
        """Where a value stands, from 0 to 1; None if it has no place here."""
        if self.choices:
            text = str(value)
            index = self.choices.index(text) if text in self.choices else len(self.choices) - 1
            return (index + 0.5) / len(self.choices)
        number = float(value)
        if not isfinite(number) or (self.is_log and number <= 0):
            return None
        low, length = self._span
        return _EDGE + (1 - 2 * _EDGE) * min(1.0, max(0.0, (self._placed(number) - low) / length))

    @cached_property
    def _span(self) -> tuple[float, float]:
        low = self._placed(self.low)
        return low, self._placed(self.high) - low

    def _placed(self, number: float) -> float:
        # Halves, so that the span of two huge numbers is still a number.
        return log10(number) if self.is_log else number / 2

    def marks(self, most: int = 5) -> list[tuple[float, str]]:
        """Places along the axis, from 0 to 1, and what is written there."""
        if self.choices:
            return [((i + 0.5) / len(self.choices), text) for i, text in enumerate(self.choices)]
        numbers = self._decades(most) if self.is_log else _round_numbers(self.low, self.high, most)
        placed = ((self.at(number), f"{number:.10g}") for number in numbers)
        return [(place, text) for place, text in placed if place is not None]

    def _decades(self, most: int) -> list[float]:
        first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
        return [10.0**n for n in range(first, last + 1, max(1, ceil((last - first) / most)))]


def scale_of(values: Iterable[Any], *, may_be_log: bool = True) -> Scale:
    """The scale on which all these values have a place."""
    values = list(values)
    numbers = [value for value in values if type(value) in (int, float)]
    if len(numbers) < len(values) or not _fit_a_float(numbers):
        return _of_choices(values)
    finite = [float(value) for value in numbers if isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    if may_be_log and low > 0 and log10(high) - log10(low) >= _DECADES:
        return Scale(low, high, is_log=True)
    if not high / 2 - low / 2 > abs(high) * 1e-13:
        # All are equal, or as good as equal: they stand in the middle.
        room = abs(low) * 0.05 or 1.0
        low, high = low - room, high + room
    return Scale(low, high) if isfinite(low) and isfinite(high) else Scale(-1.7e308, 1.7e308)


def focused(values: Iterable[float], *, is_high_good: bool) -> Scale:
    """A scale on which the good ones can be told apart: what lies far off on the bad side stands on its rim."""
    finite = sorted(value for value in values if isfinite(value))
    if len(finite) >= _ENOUGH:
        low, high = finite[len(finite) // 4], finite[-1 - len(finite) // 4]
        room = _FAR * (high / 2 - low / 2) * 2
        kept = [v for v in finite if (v >= low - room if is_high_good else v <= high + room)]
        finite = kept if room > 0 else finite
    return scale_of(finite, may_be_log=False)


def _fit_a_float(numbers: Sequence[Any]) -> bool:
    return are_numbers([number for number in numbers if type(number) is int])


def _of_choices(values: Sequence[Any]) -> Scale:
    texts = sorted(set(map(str, values))) or [""]
    if len(texts) > _CHOICES:
        texts = [*texts[: _CHOICES - 1], f"{len(texts) - _CHOICES + 1} others"]
    return Scale(0.0, 1.0, choices=texts)


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two, a step of 1, 2 or 5 apart; the two themselves where there are none."""
    rough = (high / 2 - low / 2) * 2 / most
    if not (isfinite(rough) and rough > 1e-300 and max(abs(low), abs(high)) / rough < _MANY):
        return [low, high]
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    marks = [n * step for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    return marks or [low, high]
