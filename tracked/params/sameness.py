"""Which two texts of a param mean the same."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")


def same_value(one: str, other: str) -> bool:
    """Whether they are equal, or one number written in two ways: ``7`` and ``7.0``, ``1e-05`` and ``0.00001``."""
    if one == other:
        return True
    return bool(_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)) and Decimal(one) == Decimal(other)
