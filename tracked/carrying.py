"""A function that carries its run along, into a thread or another process."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from types import FunctionType
from typing import Any

from . import joining
from .context import CURRENT, RunRef, current_is
from .run import Run
from .sending import asked_by_cloudpickle


class Bound:
    """A function with the run it belongs to; pickles as the function and a small reference."""

    def __init__(self, fn: Callable[..., Any], ref: RunRef | None) -> None:
        self.fn, self.ref = fn, ref
        self.context: Any = copy_context()
        self._is_async = inspect.iscoroutinefunction(fn)
        functools.update_wrapper(self, fn, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as part of its run."""
        if self._is_async:
            return self._awaited(args, kwargs)
        if self.context is not None:
            # A copy for each call: one context cannot be entered by two threads at once.
            return self.context.copy().run(self.fn, *args, **kwargs)
        with current_is(joining.joined(self.ref)):
            return self.fn(*args, **kwargs)

    async def _awaited(self, args: Any, kwargs: Any) -> Any:
        # A coroutine runs in the context of the task that awaits it: only the run can be carried there.
        run = joining.joined(self.ref) if self.context is None else self.context.get(CURRENT)
        with current_is(run):
            return await self.fn(*args, **kwargs)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # Ray, for one, takes functions only; cloudpickle would take one apart and lose the run.
        return type(self) if asked_by_cloudpickle() else FunctionType

    @property
    def __code__(self) -> Any:
        # Where a function is, it is expected; it says whether the function is a coroutine function.
        return self.fn.__code__

    def __reduce__(self) -> Any:
        return arrived, (self.fn, self.ref)


def within(carrier: Mapping[str, Any]) -> AbstractContextManager[Run | None]:
    """A block that is part of the run which the carrier brings, or that changes nothing if it brings none.

    Raises:
        ConfigError: see ``joining.unpacked``.
    """
    return _within(joining.joined(joining.unpacked(carrier)))


@contextmanager
def _within(run: Run | None) -> Iterator[Run | None]:
    with current_is(run or CURRENT.get()):
        yield run


def arrived(fn: Callable[..., Any], ref: RunRef | None) -> Bound:
    """The same function in another process, which has no part of the context here."""
    bound = Bound(fn, ref)
    bound.context = None
    return bound
