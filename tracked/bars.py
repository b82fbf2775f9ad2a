"""Progress bars, by tqdm where it is installed and somebody can see it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from . import speech

T = TypeVar("T")
_SLOWEST = 0.1
"""Seconds between two updates of a bar, at least."""


def bar(iterable: Iterable[T], total: int | None = None, desc: str | None = None) -> Iterator[T]:
    """Iterate over the same items; the bar goes to stderr."""
    if not speech.is_normal() or not _is_seen():
        return iter(iterable)
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return iter(iterable)
    return iter(tqdm(iterable, total=total, desc=desc, mininterval=_SLOWEST, leave=False, file=sys.stderr))


def _is_seen() -> bool:
    return "ipykernel" in sys.modules or bool(getattr(sys.stderr, "isatty", lambda: False)())
