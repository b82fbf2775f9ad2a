"""What a call of a decorated function was given, however it was made."""

from __future__ import annotations

import inspect
from dataclasses import replace
from types import MethodType
from typing import Any

import wrapt

from .call import Call
from .naming import qualified_name
from .plan import Kind


def supplied_by(kind: Kind, fn: Any) -> tuple[str, ...]:
    """Parameters of this function that its kind fills in, in their order."""
    if not kind.supplies:
        return ()
    fn = fn.__func__ if isinstance(fn, classmethod | staticmethod) else fn
    return tuple(name for name in inspect.signature(fn).parameters if name in kind.supplies)


def bind(kind: Kind, fn: Any, instance: Any, args: Any, kwargs: Any) -> Call:
    """The call, without what the kind fills in.

    Raises:
        TypeError: the arguments do not fit the function.
    """
    fn, args = _as_method(fn, instance, args)
    supplied = supplied_by(kind, fn)
    for name in supplied:
        args, kwargs = with_argument(fn, name, None, args, kwargs)
    call = _bound(fn, args, kwargs)
    return (
        call
        if not supplied
        else replace(call, arguments={k: v for k, v in call.arguments.items() if k not in supplied})
    )


def with_argument(fn: Any, name: str, value: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments of a call that knows nothing of the parameter ``name``, with that one in its place.

    Raises:
        TypeError: the caller gave it after all.
    """
    if name in kwargs:
        raise TypeError(f"{name!r} is filled in")
    parameters = inspect.signature(fn).parameters
    place = list(parameters).index(name)
    if place <= len(args) and parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY:
        return (*args[:place], value, *args[place:]), kwargs
    return args, {**kwargs, name: value}


def _as_method(fn: Any, instance: Any, args: Any) -> tuple[Any, Any]:
    """``Owner.method(owner, x)`` as ``owner.method(x)``, so that both are the same call."""
    if isinstance(fn, wrapt.PartialCallableObjectProxy):
        return MethodType(fn.__wrapped__, instance), args
    # From Python 3.13 on, a classmethod hands its class to our wrapper as an argument like any other.
    if args and inspect.isfunction(fn) and _is_method_of(args[0], fn):
        return MethodType(fn, args[0]), args[1:]
    return fn, args


def _is_method_of(owner: Any, fn: Any) -> bool:
    outside = fn.__qualname__.rpartition(".")[0]
    if not outside or outside.endswith("<locals>"):
        return False
    holder = owner if isinstance(owner, type) else type(owner)
    found = inspect.getattr_static(holder, fn.__name__, None)
    found = found.__func__ if isinstance(found, classmethod) else found
    # What a library has put around our wrapper, as Ray does in an actor, does not matter.
    return found is not None and inspect.unwrap(found, stop=lambda inner: inner is fn) is fn


def _bound(fn: Any, args: Any, kwargs: Any) -> Call:
    try:
        return Call.bind(fn, args, kwargs)
    except TypeError:
        # A wrapper may fill in what its inner function asks for: then its own signature decides.
        inspect.signature(fn, follow_wrapped=False).bind(*args, **kwargs)
        given = {f"args/{i}": value for i, value in enumerate(args)} | dict(kwargs)
        return Call(fn.__name__, qualified_name(fn), given, getattr(fn, "__self__", None))
