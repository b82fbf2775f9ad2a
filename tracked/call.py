"""One call of a user's function, with its arguments bound to their names."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, MappingProxyType, MethodType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import wrapt

from .markers import Markers, markers_of
from .naming import qualified_name

_LAMBDA = "<lambda>"
_OF_RAY = "_ray_trace_ctx"
NO_KEYWORDS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Call:
    """What was called, and with what."""

    name: str
    """``__name__`` of the function."""
    function: str
    """``module.qualname``, the same from a script as from its import."""
    arguments: Mapping[str, Any]
    """Bound arguments with defaults, in the order of the signature; ``*args`` as ``args/0``, ``args/1``."""
    owner: Any = None
    """The object that was called or whose method was; the class of a class method."""
    captured: Mapping[str, Any] = field(default_factory=dict)
    """What the function holds from where it was made, by name: see ``captured_by``."""

    @classmethod
    def bind(cls, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        """Bind the arguments as Python would; ``self`` and ``cls`` are the ``owner`` and no arguments.

        A partial is a call of its function that has begun: ``partial(f, 5)()`` is ``f(5)``.

        Raises:
            TypeError: the call does not fit the function; the text is what ``inspect`` says.
        """
        fn, args, kwargs = _unfolded(fn, args, kwargs)
        shape = _shape(fn)
        arguments = _quickly_bound(shape, args, kwargs) if shape.defaults is not None else None
        if arguments is None:
            arguments = _bound(shape, args, kwargs)
        return cls(shape.name, shape.function, arguments, _owner(fn), captured_by(fn))

    def markers(self, fn: Callable[..., Any]) -> Markers:
        """Markers by the names of the arguments; those of ``*args`` and ``**kwargs`` hold for each of theirs.

        Raises:
            ConfigError: markers of one parameter contradict each other.
        """
        found = markers_of(fn)
        shape = _shape(_unfolded(fn)[0])
        spread = {shape.positional, shape.keyword} & found.keys()
        return {**found, **self._spread_markers(found, shape)} if spread else found

    def _spread_markers(self, found: Markers, shape: _Shape) -> Markers:
        named = shape.signature.parameters
        positional, keyword = (found.get(name or "", ()) for name in (shape.positional, shape.keyword))
        extra = (name for name in self.arguments if name not in named)
        return {name: positional if name.startswith(f"{shape.positional}/") else keyword for name in extra}


def _bound(shape: _Shape, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    bound = shape.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return _spread(bound.arguments, shape) if shape.positional or shape.keyword else bound.arguments


def _quickly_bound(
    shape: _Shape, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The same in a quarter of the time, for plain parameters; None where ``inspect`` has to say what is wrong."""
    defaults = shape.defaults or {}
    if len(args) > len(defaults) or not defaults.keys() >= kwargs.keys():
        return None
    by_place = dict(zip(defaults, args, strict=False))
    if not by_place.keys().isdisjoint(kwargs):
        return None
    if not all(name in kwargs for name in shape.required[len(args) :]):
        return None
    return {**defaults, **by_place, **kwargs}


def captured_by(fn: Any) -> Mapping[str, Any]:
    """What tells this function from others of its name: the variables it holds of the function that it is made in.

    A function among them that can be imported counts by its name, like one that is merely called.  A lambda has no
    name, and is held itself.
    """
    fn = getattr(fn, "__func__", fn)
    code = getattr(fn, "__code__", None)
    if code is None or (not code.co_freevars and fn.__name__ != _LAMBDA):
        return NO_KEYWORDS
    if fn.__name__ == _LAMBDA:
        return {_LAMBDA: fn}
    cells = zip(code.co_freevars, fn.__closure__, strict=True)
    held = {name: _contents(cell) for name, cell in cells if name != "__class__"}
    return {name: _by_name(value) for name, value in held.items() if not _is_same(value, fn)}


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _is_function(value: Any) -> bool:
    """Asked of its type: any other object is the user's, and may do anything when it is asked."""
    return issubclass(type(value), FunctionType | wrapt.FunctionWrapper)


def _is_same(value: Any, fn: Any) -> bool:
    return _is_function(value) and fn in (value, getattr(value, "__wrapped__", None))


def _by_name(value: Any) -> Any:
    name = qualified_name(value) if _is_function(value) else "<object>"
    return value if "<" in name else name


class _Shape(NamedTuple):
    """What is the same in all calls of a function."""

    signature: inspect.Signature
    name: str
    function: str
    positional: str | None
    """Name of ``*args``, if there is one."""
    keyword: str | None
    """Name of ``**kwargs``, if there is one."""
    defaults: Mapping[str, Any] | None
    """Where all parameters can be given by place and by name: what each is if it is not given."""
    required: tuple[str, ...]
    """Those that have to be given."""


# A bound method lives as long as its call, its function as long as the program: the shape is kept by the latter.
_FREE: WeakKeyDictionary[Any, _Shape] = WeakKeyDictionary()
_BOUND: WeakKeyDictionary[Any, _Shape] = WeakKeyDictionary()


def _shape(fn: Callable[..., Any]) -> _Shape:
    cache, key = (_BOUND, fn.__func__) if isinstance(fn, MethodType) else (_FREE, fn)
    try:
        return cache[key]
    except (KeyError, TypeError):
        shape = _read_shape(fn)
    with contextlib.suppress(TypeError):  # without weak references or a hash, it is read again
        cache[key] = shape
    return shape


def _read_shape(fn: Callable[..., Any]) -> _Shape:
    signature = _own(inspect.signature(fn))
    parameters = signature.parameters
    by_kind = {p.kind: p.name for p in parameters.values()}
    named = _named(fn)
    return _Shape(
        signature,
        named.__name__,
        qualified_name(named),
        by_kind.get(inspect.Parameter.VAR_POSITIONAL),
        by_kind.get(inspect.Parameter.VAR_KEYWORD),
        {name: p.default for name, p in parameters.items()} if by_kind.keys() <= _PLAIN else None,
        tuple(name for name, p in parameters.items() if p.default is p.empty),
    )


_PLAIN = {inspect.Parameter.POSITIONAL_OR_KEYWORD}


def _own(signature: inspect.Signature) -> inspect.Signature:
    """The signature as its author wrote it: Ray adds a parameter to the methods of an actor."""
    if _OF_RAY not in signature.parameters:
        return signature
    return signature.replace(parameters=[p for p in signature.parameters.values() if p.name != _OF_RAY])


def _named(fn: Any) -> Any:
    """What has a name: the function, or the class of a callable object."""
    return fn if hasattr(fn, "__name__") else type(fn)


def _owner(fn: Any) -> Any:
    """A callable object is called as its method ``__call__`` would be."""
    if isinstance(fn, MethodType):
        return fn.__self__
    return None if hasattr(fn, "__name__") else fn


def _unfolded(fn: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] = NO_KEYWORDS) -> Any:
    """The function in a partial, with all that the call gives it."""
    while isinstance(fn, functools.partial):
        fn, args, kwargs = fn.func, _continued(fn.args, args), {**fn.keywords, **kwargs}
    return fn, args, kwargs


_PLACEHOLDER = getattr(functools, "Placeholder", object())
"""What a partial of Python 3.14 holds where the call fills in."""


def _continued(held: tuple[Any, ...], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Positions that a partial holds, and those of the call."""
    if not any(value is _PLACEHOLDER for value in held):
        return (*held, *args)
    given = iter(args)
    filled = [next(given, _PLACEHOLDER) if value is _PLACEHOLDER else value for value in held]
    return (*filled, *given)


def _spread(arguments: Mapping[str, Any], shape: _Shape) -> dict[str, Any]:
    """``*args`` and ``**kwargs`` as single arguments, in their place."""
    spread: dict[str, Any] = {}
    taken = shape.signature.parameters.keys() - {shape.positional, shape.keyword}
    for name, value in arguments.items():
        if name == shape.positional:
            spread.update((f"{name}/{i}", item) for i, item in enumerate(value))
        elif name == shape.keyword:
            for key, item in value.items():
                spread[_free(key, name, taken | spread.keys())] = item
        else:
            spread[name] = value
    return spread


def _free(key: str, keyword: str, taken: Any) -> str:
    """``key``, unless another argument is called so: ``f(x, /, **kw)`` can be called with two ``x``."""
    while key in taken:
        key = f"{keyword}/{key}"
    return key
