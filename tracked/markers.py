"""What a person says of an argument or a field, beside its type.

Each marker works bare and with options::

    def train(lr: float, workers: Annotated[int, Param(key=False)], token: Annotated[str, Secret]): ...
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Union
from weakref import WeakKeyDictionary

from .errors import ConfigError
from .foreign import annotations_of, attempted


@dataclass(frozen=True)
class Param:
    """Logged as a param.  ``key=False``: it does not tell one piece of work from another (device, workers)."""

    key: bool = True


@dataclass(frozen=True)
class Metric:
    """A number that is a metric of this name (default: its own): a returned one, or one that the run is given."""

    name: str | None = None


@dataclass(frozen=True)
class Artifact:
    """A file or folder that belongs to the run, under this name (default: its own); an argument's in ``inputs/``."""

    name: str | None = None


@dataclass(frozen=True)
class Ignore:
    """Neither logged nor part of a key."""


@dataclass(frozen=True)
class Secret:
    """Shown as ``***`` and never part of a key."""


@dataclass(frozen=True)
class Key:
    """Part of the key whatever its name, and by its contents: a model with its weights."""


Marker = Param | Metric | Artifact | Ignore | Secret | Key
Markers = Mapping[str, tuple[Marker, ...]]

NO_MARKERS: Markers = MappingProxyType({})

_KINDS = (Param, Metric, Artifact, Ignore, Secret, Key)
_BY_NAME = {kind.__name__: kind for kind in _KINDS}
_CACHE: WeakKeyDictionary[Any, Markers] = WeakKeyDictionary()


def markers_of(annotated: Callable[..., Any] | type) -> Markers:
    """The markers of a function's parameters (and of its ``return``), or of a class's fields, by name.

    Only names that have markers are there.  Annotations are resolved at the first call and remembered; one that
    cannot be resolved (a name imported for type checkers only) still shows the markers written in it.

    Raises:
        ConfigError: markers of one name contradict each other.
    """
    source = _bearer(annotated)
    try:
        return _CACHE[source]
    except (KeyError, TypeError):
        found = MappingProxyType(dict(_read(source)))
    with contextlib.suppress(TypeError):  # without weak references or a hash, it is read again
        _CACHE[source] = found
    return found


def check_markers(annotated: Any) -> None:
    """Refuse contradictory markers, as far as they can be read before the program is whole.

    Raises:
        ConfigError: markers of one name contradict each other.
    """
    for annotation in _check_all(_bearer(annotated)):
        # A config or a result: its fields have markers too.
        if isinstance(annotation, type) and "__annotations__" in vars(annotation):
            for _ in _check_all(annotation):
                pass


def has(markers: tuple[Marker, ...], *kinds: type) -> bool:
    """Whether one of the markers is of one of the kinds."""
    return any(isinstance(marker, kinds) for marker in markers)


def _bearer(annotated: Any) -> Any:
    """Where the annotations stand: behind a partial, a bound method, a callable object."""
    while isinstance(annotated, functools.partial):
        annotated = annotated.func
    annotated = getattr(annotated, "__func__", annotated)
    if isinstance(annotated, type) or inspect.isroutine(annotated):
        return annotated
    return type(annotated).__call__ if callable(annotated) else annotated


def _read(source: Any) -> Iterator[tuple[str, tuple[Marker, ...]]]:
    for name, annotation in _annotations(source).items():
        markers = tuple(dict.fromkeys(_in(annotation)))
        _check(name, markers)
        if markers:
            yield name, markers


def _annotations(source: Any) -> Mapping[str, Any]:
    found = annotations_of(source)
    return {name: _lenient(text, source) for name, text in _raw(source).items()} if found is None else found


def _raw(source: Any) -> Mapping[str, Any]:
    owners = reversed(source.__mro__) if isinstance(source, type) else [source]
    found: dict[str, Any] = {}
    for owner in owners:
        if sys.version_info >= (3, 14):
            import annotationlib  # noqa: PLC0415 - new in 3.14

            found |= annotationlib.get_annotations(owner, format=annotationlib.Format.STRING)
        else:
            found |= inspect.get_annotations(owner)
    return found


def _lenient(annotation: Any, source: Any) -> Any:
    """The annotation with every unknown name read as something that can be anything."""
    if not isinstance(annotation, str) or "Annotated" not in annotation:
        return annotation
    module = sys.modules.get(source.__module__)
    scope = getattr(source, "__globals__", None) or getattr(module, "__dict__", {})
    found = attempted(lambda: eval(annotation, {}, _Scope(scope)))  # noqa: S307 - the program's own annotation
    return found.value if found.error is None else _written(annotation)


def _written(annotation: str) -> Any:
    """What can be told from the text alone."""
    found: Any = Any
    for word in re.findall(r"\w+", annotation):
        if word in _BY_NAME:
            found = Annotated[found, _BY_NAME[word]]
    return found


class _Anything:
    """Stands for a name that only type checkers can resolve."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # ``typing`` asks what it has before it: it has nothing
            raise AttributeError(name)
        return _BY_NAME.get(name) or vars(typing).get(name, self)

    def __getitem__(self, item: object) -> _Anything:
        return self

    def __or__(self, other: Any) -> Any:
        return Union[Any, other]  # noqa: UP007 - made at run time

    __ror__ = __or__

    def __call__(self) -> None:
        """Types are callable: ``typing`` asks for that."""


class _Scope(dict[str, Any]):
    """Known names, then builtins, then markers by their name, then anything."""

    def __missing__(self, name: str) -> Any:
        return vars(builtins).get(name) or _BY_NAME.get(name) or vars(typing).get(name) or _Anything()


def _in(annotation: Any) -> Iterator[Marker]:
    """Markers of ``Annotated[...]``, also within an optional."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from (m() if m in _KINDS else m for m in annotation.__metadata__ if _is_marker(m))
        yield from _in(annotation.__origin__)
    elif origin is Union or origin is types.UnionType:
        for part in typing.get_args(annotation):
            yield from _in(part)


def _is_marker(thing: Any) -> bool:
    return isinstance(thing, _KINDS) or (isinstance(thing, type) and thing in _KINDS)


def _check_all(source: Any) -> Iterator[Any]:
    """The annotations of a function or a class, none of which contradicts itself."""
    for name, annotation in _raw(source).items():
        readable = _lenient(annotation, source)
        _check(name, tuple(dict.fromkeys(_in(readable))))
        yield readable


def _check(name: str, markers: tuple[Marker, ...]) -> None:
    kinds = [type(marker).__name__ for marker in markers]
    alone = has(markers, Ignore, Secret) and len(markers) > 1
    unkeyed = Param(key=False) in markers and has(markers, Key)
    if alone or unkeyed or len(set(kinds)) < len(kinds):
        raise ConfigError(
            f"the markers of {name!r} contradict each other: {', '.join(kinds)}; keep one of them"
        )
