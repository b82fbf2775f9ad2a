"""Spans of time, as a person writes them and as they are shown."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")


def seconds_of(given: Any) -> float | None:
    """The seconds of a ``timedelta``, of a number of seconds or of a text such as ``"7d"``; None if it is none."""
    if isinstance(given, timedelta):
        given = given.total_seconds()
    if isinstance(given, str):
        match = _TEXT.fullmatch(given)
        return float(match[1]) * _UNITS[match[2]] if match else None
    is_span = type(given) in (int, float) and given >= 0 and not math.isnan(given)
    return float(given) if is_span else None


def took(seconds: float) -> str:
    """How long something took, in its two largest units: ``1 min 5 s``."""
    if seconds < _UNITS["m"]:
        return f"{seconds:.1f} s"
    if seconds < _UNITS["h"]:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def shown(seconds: float) -> str:
    """A span in its largest unit: ``2 h``."""
    unit = max((u for u in _UNITS if _UNITS[u] <= seconds), key=_UNITS.__getitem__, default="s")
    name = {"m": "min", "d": "days", "w": "weeks"}.get(unit, unit)
    return f"{int(max(seconds, 0.0) // _UNITS[unit])} {name}"
