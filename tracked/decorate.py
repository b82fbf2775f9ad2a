"""The one decorator behind every ``tracked_*`` name."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

import wrapt

from . import shells
from .call import Call
from .calls import key_of, plan_of
from .context import CURRENT, RunRef
from .guard import guard
from .plan import Kind, Options, RunPlan
from .scope import Run, open_run

if TYPE_CHECKING:
    from collections.abc import Mapping

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")


class Tracked(Protocol[P, R_co]):
    """A decorated function, as type checkers see it: the function itself, with three more attributes."""

    __name__: str
    __qualname__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function inside a run of its own."""
        ...

    def untracked(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function itself, without a run."""
        ...

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The key by which this call is recognised: 64 hex digits."""
        ...

    # First what a classmethod asks with: it takes the class away.
    @overload
    def __get__(
        self: Tracked[Concatenate[type[Any], Q], R_co], instance: object, owner: type[Any]
    ) -> Tracked[Q, R_co]: ...
    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Tracked[P, R_co]: ...
    @overload
    def __get__(
        self: Tracked[Concatenate[S, Q], R_co], instance: S, owner: type[Any] | None = None
    ) -> Tracked[Q, R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Tracked[P, R_co]: ...


class Decorator(Protocol):
    """A decorator that is used bare or with options."""

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        name: str | None = None,
        experiment: str | None = None,
        parent: object = None,
        tags: Mapping[str, str] | None = None,
        monitor: str | None = None,
        model: bool = False,
    ) -> Configured: ...


class Configured(Protocol):
    """A decorator whose options are given."""

    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]:
        """Decorate the function."""
        ...


def decorator_for(kind: Kind) -> Decorator:
    """The decorator of this kind; works bare, ``@d``, and with options, ``@d(name="x")``.

    Raises:
        ConfigError: at decoration, for an option that is unknown or cannot have that value.
    """

    def decorate(fn: Any = None, /, **given: Any) -> Any:
        options = kind.chosen({k: v for k, v in given.items() if v is not None})
        if fn is None:
            return lambda real: _decorated(real, kind, options)
        return _decorated(fn, kind, options)

    return cast("Decorator", decorate)


def _decorated(fn: Any, kind: Kind, options: Options) -> Any:
    if os.environ.get("TRACKED_DISABLED", "") not in ("", "0", "false"):
        return fn
    return TrackedFunction(fn, kind, options)


class _Shared:
    """What a decorated function and its bound method have in common."""

    if TYPE_CHECKING:
        __wrapped__: Any
        _self_kind: Kind
        _self_options: Options
        _self_carried: RunRef | None

    def untracked(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, without a run."""
        return self.__wrapped__(*args, **kwargs)

    def key(self, *args: Any, **kwargs: Any) -> str:
        """The key by which this call is recognised: 64 hex digits.

        Raises:
            TypeError: the call does not fit the function.
            IdentityError: an argument has no canonical form.
        """
        kind = self._kind_here()
        return key_of(kind, bind(kind, self.__wrapped__, args, kwargs), self.__wrapped__).hash

    def _kind_here(self) -> Kind:
        raise NotImplementedError

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # cloudpickle takes whatever says it is a function apart and loses the wrapper; to everybody else the
        # wrapper is what it wraps, so that isfunction and iscoroutinefunction hold.
        return type(self) if _asked_by_cloudpickle() else self.__wrapped__.__class__

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

    def __reduce_ex__(self, protocol: Any) -> Any:
        owner = getattr(self.__wrapped__, "__self__", None)
        owner = self._self_instance if owner is None else owner
        if owner is None:
            return _found, (self.__wrapped__.__module__, self.__wrapped__.__qualname__)
        return getattr, (owner, self.__wrapped__.__name__)


class TrackedFunction(_Shared, wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """A user's function that opens a run around each call.

    It keeps name, signature, docstring and nature (coroutine function, generator function...), binds as a
    method, and can be sent to other processes; sent from inside a run, its calls there are children of that run.
    """

    __bound_function_wrapper__ = _Method

    def __init__(self, wrapped: Any, kind: Kind, options: Options, carried: RunRef | None = None) -> None:
        super().__init__(wrapped, shells.shell_for(wrapped, _Caller(kind, options, carried)))
        self._self_kind, self._self_options, self._self_carried = kind, options, carried

    def _kind_here(self) -> Kind:
        return self._self_kind

    @property
    def __signature__(self) -> inspect.Signature:
        signature = inspect.signature(self.__wrapped__)
        supplied = supplied_by(self._self_kind, self.__wrapped__)
        return signature.replace(
            parameters=[p for p in signature.parameters.values() if p.name not in supplied]
        )

    def __reduce_ex__(self, protocol: Any) -> Any:
        around = CURRENT.get()
        carried = around.ref if around else self._self_carried
        name = self.__wrapped__.__module__, self.__wrapped__.__qualname__
        if _is_importable(self, *name):
            return (_found_within, (*name, carried)) if carried else (_found, name)
        return TrackedFunction, (self.__wrapped__, self._self_kind, self._self_options, carried)


@dataclass(frozen=True)
class _Caller:
    """What the shell of a decorated function asks for."""

    kind: Kind
    options: Options
    carried: RunRef | None

    def bind(self, wrapped: Any, args: Any, kwargs: Any) -> Call | None:
        """The call with its arguments bound; None if they do not fit."""
        try:
            return bind(self.kind, wrapped, args, kwargs)
        except TypeError:
            return None

    def open(self, call: Call, wrapped: Any) -> Run:
        """Begin the run of this call."""
        plan = RunPlan(call.name, self.kind.stage)
        with guard:
            plan = plan_of(self.kind, self.options, call, wrapped)
        if self.carried and plan.parent is None and CURRENT.get() is None:
            plan = replace(plan, parent=self.carried)
        return open_run(plan)


def supplied_by(kind: Kind, fn: Any) -> tuple[str, ...]:
    """Parameters of this function that its kind fills in."""
    if not kind.supplies:
        return ()
    fn = fn.__func__ if isinstance(fn, classmethod | staticmethod) else fn
    return tuple(name for name in kind.supplies if name in inspect.signature(fn).parameters)


def bind(kind: Kind, fn: Any, args: Any, kwargs: Any) -> Call:
    """The call, without what the kind fills in.

    Raises:
        TypeError: the arguments do not fit the function.
    """
    supplied = supplied_by(kind, fn)
    if not supplied:
        return Call.bind(fn, args, kwargs)
    first = next(iter(inspect.signature(fn).parameters)) in supplied
    call = (
        Call.bind(fn, (None, *args), kwargs) if first else Call.bind(fn, args, {**kwargs, supplied[0]: None})
    )
    return replace(call, arguments={k: v for k, v in call.arguments.items() if k not in supplied})


def _asked_by_cloudpickle() -> bool:
    frame = sys._getframe(2)  # there is no other way to know who asks
    for _ in range(3):
        if "cloudpickle" in frame.f_globals.get("__name__", ""):
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def _is_importable(wrapper: Any, module: str, qualname: str) -> bool:
    """Whether another process finds this very wrapper under its name."""
    if "<locals>" in qualname or (module in ("__main__", "__mp_main__") and _asked_by_cloudpickle()):
        return False
    try:
        return _found(module, qualname) is wrapper
    except (ImportError, AttributeError):
        return False


def _found(module: str, qualname: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _found_within(module: str, qualname: str, carried: RunRef) -> Any:
    found = _found(module, qualname)
    if not isinstance(type(found), type) or not issubclass(type(found), TrackedFunction):
        return found
    return TrackedFunction(found.__wrapped__, found._self_kind, found._self_options, carried)
