"""What a value is made of, told without importing the library it comes from.

A value of NumPy, pandas, torch or pydantic can only be here if its library is loaded: its type's name says enough.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from .foreign import answer, attempted
from .markers import NO_MARKERS, Markers, markers_of

NOT_STORED: Mapping[str, Any] = types.MappingProxyType({"tracked.stored": False})
"""Metadata of a dataclass's field that has its default when the value comes back."""

T = TypeVar("T")
Reader = Callable[[Any], Mapping[Any, Any]]


def once_per_type(find: Callable[[type], T]) -> Callable[[type], T]:
    """Remember the answer for each class as long as the class lives."""
    known: WeakKeyDictionary[type, T] = WeakKeyDictionary()

    @functools.wraps(find)
    def remembered(cls: type) -> T:
        try:
            return known[cls]
        except KeyError:
            known[cls] = answer = find(cls)
            return answer

    return remembered


@once_per_type
def kinds(cls: type) -> frozenset[str]:
    """Names of the class and its bases as ``package.Name``, without the modules between, which move."""
    return frozenset(f"{base.__module__.split('.')[0]}.{base.__name__}" for base in cls.__mro__)


@once_per_type
def mapping_reader(cls: type) -> Reader | None:
    """How values of this class are read as a mapping, if that is all they are.

    Mappings, namespaces, OmegaConf's and ml_collections' configs: who made them does not matter, what they hold does.
    """
    names = kinds(cls)
    if "omegaconf.DictConfig" in names:
        return plain_omegaconf
    if issubclass(cls, Mapping):
        return _itself
    if "argparse.Namespace" in names or issubclass(cls, types.SimpleNamespace):
        return vars
    return dict if "ml_collections.ConfigDict" in names else None


@once_per_type
def record_reader(cls: type) -> Reader | None:
    """How values of this class are read as named fields: dataclass, attrs, pydantic, NamedTuple."""
    names = field_names(cls)
    if names is None:
        return None
    if "pydantic.BaseModel" in kinds(cls):
        return lambda value: _fields(value, (*names, *(getattr(value, "model_extra", None) or ())))
    return lambda value: _fields(value, names)


def fields_of(value: Any) -> Mapping[Any, Any] | None:
    """The value as a mapping, one level deep and without a copy of what it holds; None if it is not made so."""
    read = mapping_reader(type(value)) or record_reader(type(value))
    return None if read is None else answer(lambda: read(value), None)


def field_markers(cls: type) -> Markers:
    """Markers of the fields, if values of the class have named fields.

    Raises:
        ConfigError: markers of one field contradict each other.
    """
    return markers_of(cls) if record_reader(cls) else NO_MARKERS


def plain_omegaconf(config: Any) -> Any:
    """An OmegaConf container as plain dicts and lists, interpolations resolved where they can be."""
    to_container = sys.modules["omegaconf"].OmegaConf.to_container
    resolved = attempted(lambda: to_container(config, resolve=True))
    # An interpolation may run any resolver of the user's: one that fails stays as it is written.
    return resolved.value if resolved.error is None else to_container(config, resolve=False)


def _itself(value: Any) -> Any:
    return value


def field_names(cls: type) -> tuple[str, ...] | None:
    """Names of the fields of a dataclass, or a class of attrs or pydantic, or a NamedTuple; None for any other."""
    if dataclasses.is_dataclass(cls):
        return tuple(field.name for field in dataclasses.fields(cls))
    if "pydantic.BaseModel" in kinds(cls):
        return tuple(getattr(cls, "model_fields", ()) or getattr(cls, "__fields__", ()))
    if hasattr(cls, "__attrs_attrs__"):
        return tuple(field.name for field in cls.__attrs_attrs__)
    return getattr(cls, "_fields", None) if issubclass(cls, tuple) else None


def _fields(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Fields that were never set are left out."""
    missing = object()
    found = ((name, getattr(value, name, missing)) for name in names)
    return {name: item for name, item in found if item is not missing}
