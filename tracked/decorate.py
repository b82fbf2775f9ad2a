"""The one decorator behind every ``tracked_*`` name."""

from __future__ import annotations

import importlib
import inspect
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MethodType
from typing import Any, cast

import wrapt

from . import existing, shells
from .asking import Asked
from .binding import supplied_by
from .context import RunRef, is_disabled
from .errors import ConfigError
from .markers import check_markers
from .naming import HOME
from .opening import Opener
from .plan import Kind, Options
from .run import Run
from .sending import SCRIPTS, asked_by_cloudpickle, home_of, sender
from .typed import with_options


@with_options(Options)
def decorator_for(kind: Kind, options: type[Options] = Options) -> Any:
    """The decorator of this kind; works bare, ``@d``, and with options, ``@d(name="x")``.

    Args:
        kind: what a call of a decorated function is.
        options: class of what the decorator may be given; type checkers, too, know the options from it.

    Raises:
        ConfigError: at decoration, for an option that is unknown or cannot have that value.
    """

    def decorate(fn: Any = None, /, **given: Any) -> Any:
        chosen = options.chosen({k: v for k, v in given.items() if v is not None})
        if fn is None:
            return lambda real: _decorated(real, kind, chosen)
        return _decorated(fn, kind, chosen)

    decorate.__doc__ = (
        f"Make each call of a function a run of stage ``{kind.stage}``; works bare and with options.\n\n"
        f"{inspect.getdoc(options)}"
    )
    return decorate


def _decorated(fn: Any, kind: Kind, options: Options) -> Any:
    if not callable(fn) and not isinstance(fn, classmethod):
        raise ConfigError(f"a function is decorated, and options are given by name; {fn!r} is neither")
    kind = options.adapted(kind)
    supplied = supplied_by(kind, fn)
    if supplied and shells.is_lazy(fn):
        raise ConfigError(
            f"{kind.stage} fills in {supplied[0]!r} for plain functions only: {fn.__name__} is a coroutine function "
            "or a generator function"
        )
    options.fits(fn)
    existing.fits(options, fn)
    check_markers(fn)
    # Without what its kind fills in, the function itself could not be called.
    return fn if is_disabled() and not supplied else TrackedFunction(fn, kind, options)


class _Shared(Asked):
    """A decorated function or its bound method: to be sent away, and taken for what it wraps."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # cloudpickle takes whatever says it is a function apart and loses the wrapper; to everybody else the
        # wrapper is what it wraps, so that isfunction and iscoroutinefunction hold.
        return type(self) if asked_by_cloudpickle() else self.__wrapped__.__class__

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self


class _Method(_Shared, wrapt.BoundFunctionWrapper):  # type: ignore[type-arg]
    """A decorated function taken from an object or a class."""

    def _kind_here(self) -> Kind:
        return cast("Kind", self._self_parent._self_kind)

    def _options_here(self) -> Options:
        return cast("Options", self._self_parent._self_options)

    def __reduce_ex__(self, protocol: Any) -> Any:
        owner = getattr(self.__wrapped__, "__self__", None)
        owner = self._self_instance if owner is None else owner
        carried = _carried(self._self_parent)
        if owner is None:
            if self.__wrapped__.__module__ in SCRIPTS and asked_by_cloudpickle():
                # Where the script is not, its class is not found by name: Ray sends one so, for an actor.
                return self._self_parent.__reduce_ex__(protocol)
            return _found, (self.__wrapped__.__module__, self.__wrapped__.__qualname__, carried)
        return _method, (owner, self.__wrapped__.__name__, carried)


class TrackedFunction(_Shared, wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """A user's function that opens a run around each call.

    It keeps name, signature, docstring and nature (coroutine function, generator function...), binds as a
    method, and can be sent to other processes; sent from inside a run, its calls there are children of that run.
    """

    __bound_function_wrapper__ = _Method

    def __init__(self, wrapped: Any, kind: Kind, options: Options, carried: RunRef | None = None) -> None:
        super().__init__(wrapped, shells.shell_for(wrapped, Opener(kind, options, carried)))
        self._self_kind, self._self_options, self._self_carried = kind, options, carried

    def _kind_here(self) -> Kind:
        return self._self_kind

    def _options_here(self) -> Options:
        return self._self_options

    @property
    def __signature__(self) -> inspect.Signature:
        signature = inspect.signature(self.__wrapped__)
        supplied = supplied_by(self._self_kind, self.__wrapped__)
        return signature.replace(
            parameters=[p for p in signature.parameters.values() if p.name not in supplied]
        )

    def __reduce_ex__(self, protocol: Any) -> Any:
        carried = _carried(self)
        name = self.__wrapped__.__module__, self.__wrapped__.__qualname__
        if _is_importable(self, *name):
            return _found, (*name, carried)
        fn = self.__wrapped__
        return _arrived, (fn, self._self_kind, self._self_options, carried, home_of(fn))


def again(fn: TrackedFunction, tags: Mapping[str, str], seen: Callable[[Run], object]) -> TrackedFunction:
    """The same function, whose runs are new ones with these further tags, and are shown to ``seen`` at their end."""
    kind, options = fn._self_kind, fn._self_options

    def conclude(run: Run, *others: Any) -> None:
        seen(run)
        if kind.conclude is not None:
            kind.conclude(run, *others)

    options = replace(options, tags={**options.tags, **tags}, on_existing="new")
    return TrackedFunction(fn.__wrapped__, replace(kind, conclude=conclude), options)


def _is_importable(wrapper: Any, module: str, qualname: str) -> bool:
    """Whether another process finds this wrapper under its name."""
    if "<locals>" in qualname or (module in SCRIPTS and asked_by_cloudpickle()):
        return False
    try:
        found = _found(module, qualname)
    except (ImportError, AttributeError):
        return False
    # One that came from another process is a copy which carries its run: to send it on, its name will do.
    parts = operator.attrgetter("__wrapped__", "_self_kind", "_self_options")
    return found is wrapper or (isinstance(found, TrackedFunction) and parts(found) == parts(wrapper))


def _arrived(
    fn: Any, kind: Kind, options: Options, carried: RunRef | None, home: str | None
) -> TrackedFunction:
    if home is not None:
        # Another script is `__main__` there: the function goes by the name, and so the key, that it has at home.
        fn.__module__ = home
        # Ray gives a task's function its own `__main__` again.
        setattr(fn, HOME, home)
    return TrackedFunction(fn, kind, options, carried)


def _carried(wrapper: Any) -> RunRef | None:
    """The run that goes along when this wrapper is sent away: the one around, else the one it came with."""
    around = sender()
    return around.ref if around else wrapper._self_carried


def _found(module: str, qualname: str, carried: RunRef | None = None) -> Any:
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    # From Python 3.13 on, what a classmethod gives is a method of Python's own around our wrapper.
    return _within(found.__func__ if type(found) is MethodType else found, carried)


def _method(owner: Any, name: str, carried: RunRef | None) -> Any:
    return _within(getattr(owner, name), carried)


def _within(found: Any, carried: RunRef | None) -> Any:
    """The same function or method, whose calls are children of the carried run."""
    if carried is None or not isinstance(found, _Shared):
        return found
    parent = found._self_parent if isinstance(found, _Method) else found
    sent = TrackedFunction(parent.__wrapped__, parent._self_kind, parent._self_options, carried)
    return sent.__get__(found._self_instance, found._self_owner) if isinstance(found, _Method) else sent
