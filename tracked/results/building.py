"""Records made from their fields: dataclasses, NamedTuples, pydantic's and attrs' classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..foreign import annotations_of
from ..shapes import field_names, fields_of, kinds, mapping_reader, once_per_type, record_reader


def stored_fields(value: Any) -> Mapping[str, Any] | None:
    """The fields by which such a value is made again; None if it is no record."""
    cls = type(value)
    fields = None if mapping_reader(cls) or not record_reader(cls) else fields_of(value)
    return (
        None
        if fields is None
        else {name: item for name, item in fields.items() if name not in _left_out(cls)}
    )


@once_per_type
def _left_out(cls: type) -> frozenset[str]:
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    return frozenset(field.name for field in fields if not field.metadata.get("tracked.stored", True))


@once_per_type
def field_hints(cls: type) -> dict[str, Any] | None:
    """The fields of such a class with their annotations; None if it is no record."""
    names = field_names(cls)
    if names is None:
        return None
    hints = annotations_of(cls) or {}
    return {name: hints.get(name, Any) for name in names if name not in _left_out(cls)}


def built(cls: type, fields: Mapping[str, Any]) -> Any:
    """The value with these fields.

    Raises:
        TypeError, ValueError: the class does not take them.
    """
    if "pydantic.BaseModel" in kinds(cls):
        return cls.model_validate(dict(fields)) if hasattr(cls, "model_validate") else cls(**fields)
    if dataclasses.is_dataclass(cls):
        return _dataclass(cls, fields)
    if hasattr(cls, "__attrs_attrs__"):
        return cls(**{a.alias: fields[a.name] for a in cls.__attrs_attrs__ if a.init})
    return cls(**fields)


def _dataclass(cls: Any, fields: Mapping[str, Any]) -> Any:
    given = {f.name: fields[f.name] for f in dataclasses.fields(cls) if f.init and f.name in fields}
    made = cls(**given)
    for name in fields.keys() - given.keys():
        object.__setattr__(made, name, fields[name])
    return made
