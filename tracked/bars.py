"""Progress: a bar of tqdm's where it is installed and somebody can see it, else a line now and then."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from operator import length_hint
from typing import TypeVar

from . import speech
from .kernels import is_kernel
from .pace import REDRAWN, Pace, progress
from .spans import took

T = TypeVar("T")


def bar(iterable: Iterable[T], total: int | None = None, desc: str | None = None) -> Iterator[T]:
    """Iterate over the same items; what is said of it goes to stderr."""
    if not speech.is_normal():
        return iter(iterable)
    try:
        if not _is_drawn():
            return _told(iterable, total, desc)
        from tqdm.auto import tqdm  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return _told(iterable, total, desc)
    return iter(tqdm(iterable, total=total, desc=desc, mininterval=REDRAWN, leave=False, file=sys.stderr))


def _is_drawn() -> bool:
    """Whether a bar can be drawn anew; in a notebook without widgets each picture of it would be one more output."""
    return find_spec("ipywidgets") is not None if is_kernel() else speech.is_terminal()


def _told(iterable: Iterable[T], total: int | None, desc: str | None) -> Iterator[T]:
    """Say how far it is with each tenth of it, but not in the first seconds, and never more often."""
    pace = Pace(length_hint(iterable) or None if total is None else total)
    for done, item in enumerate(iterable):
        if pace.is_told(done):
            left = pace.left(done)
            rest = "" if left is None else f", {took(left)} left"
            speech.say(f"{desc or 'progress'}: {progress(done, pace)} in {took(pace.seconds)}{rest}")
        yield item
