"""What ``tracked doctor`` finds, as values: what it is about, how bad it is, and what helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OK, WARN, ERROR = "ok", "warn", "error"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what was looked at, in one word.
        level: ``ok``, ``warn`` (something is left to do) or ``error`` (something does not work).
        what: what was found.
        cure: what a person can do.
        fix: does it; gives why it could not be done, or an empty text.
    """

    about: str
    level: str
    what: str
    cure: str = ""
    fix: Callable[[], str] | None = None


def size(count: float) -> str:
    """So many bytes, for a person."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def span(seconds: float) -> str:
    """So much time, for a person."""
    for unit, length in (("s", 60.0), ("min", 60.0), ("h", 48.0)):
        if seconds < length:
            return f"{seconds:.0f} {unit}"
        seconds /= 60 if unit != "h" else 24
    return f"{seconds:.0f} days"


def some(count: int, thing: str) -> str:
    """So many of these."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
