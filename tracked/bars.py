"""Progress: a bar of tqdm's where it is installed and somebody can see it, else a line now and then."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
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
        if not (is_kernel() or speech.is_terminal()):
            return _told(iterable, total, desc)
        with warnings.catch_warnings():
            # In a notebook without ipywidgets it warns of that, and draws with text: which is as well.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return _told(iterable, total, desc)
    return iter(tqdm(iterable, total=total, desc=desc, mininterval=REDRAWN, leave=False, file=sys.stderr))


def _told(iterable: Iterable[T], total: int | None, desc: str | None) -> Iterator[T]:
    """Say how far it is with each tenth of it, but not in the first seconds, and never more often."""
    pace = Pace(length_hint(iterable) or None if total is None else total)
    for done, item in enumerate(iterable):
        if pace.is_told(done):
            left = pace.left(done)
            rest = "" if left is None else f", {took(left)} left"
            speech.say(f"{desc or 'progress'}: {progress(done, pace)} in {took(pace.seconds)}{rest}")
        yield item
