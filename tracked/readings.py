"""What somebody logs, as numbers: what is none is told once and left out, the rest counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import speech
from .measure import number_of

_FLOATS = frozenset({float})


def read_numbers(values: Mapping[str, Any], name: str) -> dict[str, float]:
    """The values that are numbers, of what was logged in the run called ``name``."""
    # This is the hot path: a loop that logs floats pays for nothing else.
    if _FLOATS.issuperset(map(type, values.values())):
        return dict(values)
    numbers: dict[str, float] = {}
    for key, value in values.items():
        number = number_of(value)
        if number is None:
            _refuse(key, value, name)
        else:
            numbers[str(key)] = number
    return numbers


def read_step(step: Any, name: str) -> int | None:
    """The step as a whole number; None, which is the next one, if it is none."""
    if step is None or type(step) is int:
        return step
    try:
        return int(step)
    except (TypeError, ValueError, OverflowError):
        speech.warn_once(
            f"step {step!r} in run {name} is no whole number: the next step is taken",
            about=f"steps of run {name}",  # a loop has another one each time
        )
        return None


def _refuse(key: Any, value: Any, name: str) -> None:
    speech.warn_once(
        f"metric {key!r} of run {name} is no number but {type(value).__name__}; it is left out, the rest is logged",
        about=f"metric {key!r} {type(value).__name__}",
    )
