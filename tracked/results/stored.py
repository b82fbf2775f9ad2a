"""A returned value as a folder that gives the same value back: JSON, arrays and bytes beside it; nothing is pickled.

=========================================  =======================================================================
value                                      in ``note.json``
=========================================  =======================================================================
None, bool, int, float, str, list          as JSON has them, NaN and the infinities by Python's names
dict                                       an object; ``{"$dict": [[key, value], …]}`` where a key is no text
tuple                                      ``{"$tuple": […]}``
dataclass, NamedTuple, pydantic, attrs     ``{"$record": {field: value}, "type": name}``, if the annotation names it
Enum                                       ``{"$enum": name, "type": name}``, likewise
array and scalar of NumPy                  ``{"$array": 0}``, ``{"$scalar": 0}``: the file ``0.npy``
bytes                                      ``{"$bytes": 0}``: the file ``0.bin``
Path                                       ``{"$path": text, "files": {name: [bytes, sha256]}}``, for the caller
run                                        ``{"$run": local id, "name": name}``, likewise
=========================================  =======================================================================

A class is never looked for by a name that stands in the file: it is what the annotation says, or there is no value.
"""

from __future__ import annotations

import enum
import importlib
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Union

from ..call import NO_KEYWORDS
from ..naming import qualified_name
from ..redact import is_secret_name, is_secret_type, redact_value
from ..shapes import kinds
from .building import built, field_hints, stored_fields

PATH, RUN = "$path", "$run"
_MAX_DEPTH = 100
_PLAIN = frozenset({type(None), bool, int, float, str})


class NotStorable(TypeError):
    """A value of this kind does not come back; the message says which."""


class Storing:
    """Takes one value apart.

    Args:
        folder: where arrays and bytes go.
        noted: what the caller notes of a value that only it knows, a path or a run; None for any other.
        secrets: texts that must not be written.
    """

    def __init__(
        self, folder: Path, noted: Callable[[Any], Any] = lambda _: None, secrets: Collection[str] = ()
    ) -> None:
        self._folder, self._noted, self._secrets = folder, noted, secrets
        self._files = self._depth = 0

    def __call__(self, value: Any) -> Any:
        """The value as JSON.

        Raises:
            NotStorable: a part of it would not come back as it is.
        """
        if type(value) is str:
            self._open(value)
        if type(value) in _PLAIN:
            return value
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NotStorable("what is nested that deep, or in a circle, is not stored")
        try:
            return self._compound(value)
        finally:
            self._depth -= 1

    def _compound(self, value: Any) -> Any:
        cls = type(value)
        if cls is list:
            return [self(item) for item in value]
        if cls is tuple:
            return {"$tuple": [self(item) for item in value]}
        if cls in (dict, types.MappingProxyType):
            return self._dict(value)
        noted = self._noted(value)
        return self._object(value) if noted is None else noted

    def _dict(self, value: Mapping[Any, Any]) -> Any:
        if all(type(key) is str and key[:1] != "$" for key in value):
            return self._named(value)
        return {"$dict": [[self(key), self(item)] for key, item in value.items()]}

    def _named(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        for name, item in fields.items():
            self._open(name)
            if is_secret_name(name) and isinstance(item, str | bytes):
                raise NotStorable(f"{name!r} is a secret")
        return {name: self(item) for name, item in fields.items()}

    def _open(self, text: str) -> None:
        """Refuse a text that would have to be masked."""
        if redact_value(text, self._secrets) != text:
            raise NotStorable("a text in it holds a secret")

    def _object(self, value: Any) -> Any:
        if is_secret_type(type(value)):
            raise NotStorable("a secret is not stored")
        if isinstance(value, enum.Enum) and value.name is not None:
            return {"$enum": value.name, "type": qualified_name(type(value))}
        if type(value) is bytes:
            return {"$bytes": self._file("bin", lambda file: file.write(value))}
        if kind := _kind_of_array(type(value)):
            return {kind: self._array(value)}
        fields = stored_fields(value)
        if fields is None:
            raise NotStorable(f"what is of type {qualified_name(type(value))} does not come back from a file")
        return {"$record": self._named(fields), "type": qualified_name(type(value))}

    def _array(self, value: Any) -> int:
        numpy = importlib.import_module("numpy")  # loaded: the value is of it
        try:
            return self._file("npy", lambda file: numpy.save(file, value, allow_pickle=False))
        except ValueError as error:
            raise NotStorable(f"an array of {value.dtype} holds objects, and nothing is pickled") from error

    def _file(self, suffix: str, write: Callable[[Any], object]) -> int:
        number = self._files
        self._files += 1
        with (self._folder / f"{number}.{suffix}").open("wb") as file:
            write(file)
        return number


def _kind_of_array(cls: type) -> str:
    """``$array`` or ``$scalar``; empty for what is neither, as are subclasses with a meaning of their own."""
    if f"{cls.__module__}.{cls.__name__}" == "numpy.ndarray":
        return "$array"
    return "$scalar" if "numpy.generic" in kinds(cls) else ""


class Recalling:
    """Puts one value together again.

    Args:
        folder: where its arrays and bytes are.
        noted: by mark, what gives back the value of which the caller noted this.
    """

    def __init__(self, folder: Path, noted: Mapping[str, Callable[[Any], Any]] = NO_KEYWORDS) -> None:
        self._folder, self._noted = folder, noted
        self._made: dict[str, Callable[[Any, Any], Any]] = {
            "$tuple": self._tuple,
            "$dict": self._dict,
            "$enum": self._enum,
            "$record": self._record,
            "$array": lambda tree, _: self._array(tree["$array"]),
            "$scalar": lambda tree, _: self._array(tree["$scalar"])[()],
            "$bytes": lambda tree, _: self._at(tree["$bytes"], "bin").read_bytes(),
        }

    def __call__(self, tree: Any, hint: Any = Any) -> Any:
        """The value.

        Args:
            tree: what was noted of it.
            hint: its annotation.

        Raises:
            NotStorable: the annotation names no class that it could be of.
            ValueError, TypeError, KeyError, OSError: it is damaged.
        """
        if isinstance(tree, list):
            return [self(item, child(hint, 0)) for item in tree]
        if not isinstance(tree, dict):
            return tree
        mark = next(iter(tree), "")
        if mark in self._noted:
            return self._noted[mark](tree)
        if mark[:1] == "$":
            return self._made[mark](tree, hint)
        return {key: self(item, child(hint, 1)) for key, item in tree.items()}

    def _tuple(self, tree: Mapping[str, Any], hint: Any) -> Any:
        return tuple(self(item, child(hint, i)) for i, item in enumerate(tree["$tuple"]))

    def _dict(self, tree: Mapping[str, Any], hint: Any) -> Any:
        return {self(key, child(hint, 0)): self(item, child(hint, 1)) for key, item in tree["$dict"]}

    def _enum(self, tree: Mapping[str, Any], hint: Any) -> Any:
        cls = _class(tree["type"], hint)
        if not issubclass(cls, enum.Enum):
            raise NotStorable(f"{tree['type']} is no Enum any more")
        return cls[tree["$enum"]]

    def _record(self, tree: Mapping[str, Any], hint: Any) -> Any:
        cls, fields = _class(tree["type"], hint), tree["$record"]
        hints = field_hints(cls) or {}
        if hints.keys() != fields.keys():
            raise NotStorable(f"{tree['type']} has other fields than {', '.join(fields)}")
        return built(cls, {name: self(item, hints[name]) for name, item in fields.items()})

    def _array(self, number: Any) -> Any:
        return importlib.import_module("numpy").load(self._at(number, "npy"), allow_pickle=False)

    def _at(self, number: Any, suffix: str) -> Path:
        return self._folder / f"{int(number)}.{suffix}"


def _class(name: str, hint: Any) -> type:
    """The class of this name, which the annotation has to name; nothing is imported."""
    for cls in classes(hint):
        if qualified_name(cls) == name:
            return cls
    raise NotStorable(
        f"what is of type {name} comes back only where the annotation of the result names that class"
    )


def classes(hint: Any) -> Iterator[type]:
    """The classes that a value with this annotation may be of."""
    origin = typing.get_origin(hint)
    if origin is Annotated or origin is Union or origin is types.UnionType:
        for part in typing.get_args(hint)[: 1 if origin is Annotated else None]:
            yield from classes(part)
    elif isinstance(origin or hint, type):
        yield origin or hint


def child(hint: Any, place: int) -> Any:
    """The annotation of what is inside a list, a tuple (at this place) or a mapping."""
    for part in _parts(hint):
        arguments = typing.get_args(part)
        if len(arguments) == 2 and arguments[1] is ...:
            return arguments[0]
        if arguments:
            return arguments[min(place, len(arguments) - 1)]
    return Any


def _parts(hint: Any) -> Iterator[Any]:
    origin = typing.get_origin(hint)
    if origin is Annotated:
        yield from _parts(typing.get_args(hint)[0])
    elif origin is Union or origin is types.UnionType:
        for part in typing.get_args(hint):
            yield from _parts(part)
    else:
        yield hint
