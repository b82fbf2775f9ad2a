"""Four shapes of function, one life of a run.

What a function *is* decides its shell, never what it returned.  The user's call stands outside the guard in each.
A call that does not fit the function opens no run: it is made all the same, so that Python itself complains.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any, Protocol

from .call import Call
from .context import Place, current_is
from .decisions import AS_NEW, Decision, Question
from .endings import raised, returned
from .existing import decide
from .plan import Kind, Options
from .run import Run

Shell = Callable[[Any, Any, Any, Any], Any]
"""Called as wrapt calls it, with (wrapped, instance, args, kwargs)."""


class Caller(Protocol):
    """The decorated function, as its shell needs it."""

    @property
    def kind(self) -> Kind:
        """What it was decorated as."""
        ...

    @property
    def options(self) -> Options:
        """What its decorator was given."""
        ...

    def bind(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Call | None:
        """The call with its arguments bound; None if they do not fit, or cannot be told."""
        ...

    def question(self, call: Call, wrapped: Any) -> Question | None:
        """What is to be decided about this call before its run is opened; None if nothing is."""
        ...

    def open(self, call: Call, wrapped: Any, decision: Decision = AS_NEW) -> Run:
        """Begin the run of this call."""
        ...


def is_lazy(fn: Any) -> bool:
    """Whether calling it only makes an object that does the work later: a coroutine or a generator."""
    natures = inspect.isasyncgenfunction, inspect.isgeneratorfunction, inspect.iscoroutinefunction
    return any(is_one(_inner(fn)) for is_one in natures)


def _inner(fn: Any) -> Any:
    """What tells the nature of a function: the function in a method, the ``__call__`` of an object."""
    fn = getattr(fn, "__func__", fn)
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn if inspect.isroutine(fn) or isinstance(fn, type) else type(fn).__call__


def shell_for(fn: Any, caller: Caller) -> Shell:
    """What to run in place of ``fn``."""
    inner = _inner(fn)
    if inspect.isasyncgenfunction(inner):
        return _lazy(caller, _async_generator)
    if inspect.isgeneratorfunction(inner):
        return _lazy(caller, _generator)
    if inspect.iscoroutinefunction(inner):
        return _lazy(caller, _coroutine)
    return _plain(caller)


def _plain(caller: Caller) -> Shell:
    def plain(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        call = caller.bind(wrapped, instance, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        question = caller.question(call, wrapped)
        decision = AS_NEW if question is None else decide(question)
        if decision.is_reuse:
            return decision.result
        run = caller.open(call, wrapped, decision)
        try:
            with current_is(run):
                result = _driven(run, caller, wrapped, args, kwargs)
        except BaseException as error:
            raised(run, caller, call, wrapped, error)
            raise
        returned(run, caller, call, wrapped, result)
        return result

    return plain


def _driven(run: Run, caller: Caller, wrapped: Any, args: Any, kwargs: Any) -> Any:
    if caller.kind.drive is None:
        return wrapped(*args, **kwargs)
    return caller.kind.drive(run, caller.options, wrapped, args, kwargs)


def _lazy(caller: Caller, body: Callable[..., Any]) -> Shell:
    """Calling such a function only makes an object: the run opens when that is first stepped."""

    def lazy(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        call = caller.bind(wrapped, instance, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        return body(caller, call, wrapped, lambda: wrapped(*args, **kwargs))

    return lazy


async def _coroutine(
    caller: Caller, call: Call, wrapped: Any, make: Callable[[], Coroutine[Any, Any, Any]]
) -> Any:
    decision = await _decided(caller.question(call, wrapped))
    if decision.is_reuse:
        return decision.result
    run = caller.open(call, wrapped, decision)
    try:
        with current_is(run):
            result = await make()
    except BaseException as error:
        raised(run, caller, call, wrapped, error)
        raise
    returned(run, caller, call, wrapped, result)
    return result


async def _decided(question: Question | None) -> Decision:
    """Asking may take a while, and other tasks go on meanwhile."""
    if question is None:
        return AS_NEW
    import asyncio  # noqa: PLC0415 - where a coroutine runs, it is loaded

    return await asyncio.to_thread(decide, question)


def _generator(caller: Caller, call: Call, wrapped: Any, make: Callable[[], Any]) -> Generator[Any, Any, Any]:
    question = caller.question(call, wrapped)
    run = caller.open(call, wrapped, AS_NEW if question is None else decide(question))
    try:
        result = yield from _stepped(run, make())
    except BaseException as error:
        raised(run, caller, call, wrapped, error)
        raise
    returned(run, caller, call, wrapped, result)
    return result


def _stepped(run: Run, steps: Any) -> Generator[Any, Any, Any]:
    """The same steps, with the run current only while the user's frame runs, not while it waits."""
    place = Place(run)

    def step(move: Callable[..., Any], *value: Any) -> Any:
        with place.entered():
            return move(*value)

    move, value = steps.send, None
    while True:
        try:
            item = step(move, value)
        except StopIteration as end:
            return end.value
        try:
            move, value = steps.send, (yield item)
        except GeneratorExit:
            step(steps.close)
            raise
        except BaseException as thrown:  # noqa: BLE001 - whatever the caller throws in belongs to the user's frame
            move, value = steps.throw, thrown


async def _async_generator(
    caller: Caller, call: Call, wrapped: Any, make: Callable[[], Any]
) -> AsyncIterator[Any]:
    decision = await _decided(caller.question(call, wrapped))
    run = caller.open(call, wrapped, decision)
    try:
        # An async generator cannot delegate: this is `yield from` by hand.
        steps, place = make(), Place(run)
        move, value = steps.asend, None
        while True:
            try:
                item = await _async_step(place, move, value)
            except StopAsyncIteration:
                break
            try:
                move, value = steps.asend, (yield item)
            except GeneratorExit:
                await _async_step(place, steps.aclose)
                raise
            except BaseException as thrown:  # noqa: BLE001 - as above
                move, value = steps.athrow, thrown
    except BaseException as error:
        raised(run, caller, call, wrapped, error)
        raise
    returned(run, caller, call, wrapped, None)


async def _async_step(place: Place, move: Callable[..., Any], *value: Any) -> Any:
    with place.entered():
        return await move(*value)
