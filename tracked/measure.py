"""What counts as a number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def number_of(value: Any) -> float | None:
    """The value as a float, or None if it is no single real number.

    Python and NumPy scalars, decimals, and arrays or tensors of one element are numbers, a bool is 1.0 or 0.0;
    texts and complex values are none.
    """
    value = unwrapped(value)
    if isinstance(value, str | bytes | bytearray | complex):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except Exception:  # noqa: BLE001 - whatever the user's object does, it is no number
        return None


def unwrapped(value: Any) -> Any:
    """What a scalar, an array or a tensor of one element holds; anything else as it is."""
    if isinstance(value, int | float):
        return value
    try:
        item = getattr(value, "item", None)
        return item() if callable(item) else value
    except Exception:  # noqa: BLE001 - as above
        return value


def numbers_in(values: Iterable[Any]) -> list[float] | None:
    """All values as floats; None if there are none, or if one of them is no number.  A bool is none here."""
    found: list[float] = []
    for value in values:
        number = None if isinstance(unwrapped(value), bool) else number_of(value)
        if number is None:
            return None
        found.append(number)
    return found or None


def is_same(a: float | None, b: float) -> bool:
    """Whether it is the same number; NaN is the same as NaN."""
    return a == b or (a is not None and a != a and b != b)  # noqa: PLR0124 - NaN is known by this
