"""What counts as a number."""

from __future__ import annotations

from typing import Any


def number_of(value: Any) -> float | None:
    """The value as a float, or None if it is no single real number.

    Python and NumPy scalars, decimals, and arrays or tensors of one element are numbers, a bool is 1.0 or 0.0;
    texts and complex values are none.
    """
    if not isinstance(value, int | float) and callable(getattr(value, "item", None)):
        try:
            value = value.item()
        except Exception:  # noqa: BLE001 - whatever the user's object does, it is no number
            return None
    if isinstance(value, str | bytes | bytearray | complex):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except Exception:  # noqa: BLE001
        return None
