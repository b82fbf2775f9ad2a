"""From a returned value to what is logged of it.  Nothing is opened, drawn, changed, copied or pickled."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..markers import NO_MARKERS, Artifact, Ignore, Markers, has
from ..measure import numbers_in
from ..redact import MASK, is_secret_type
from ..shapes import field_markers, fields_of
from .families import figure_keeper, table_keeper
from .leaves import Leaves, Said
from .models import is_model
from .rest import is_hidden
from .tables import is_counted, is_series
from .values import RESULT, Result

Member = tuple[str, Any, Said]

MAX_NAMED = 100
"""A longer list is no set of results but one: its numbers are a history."""
_MAX_DEPTH = 40
_MAX_VALUES = 100_000
_ATOMS = frozenset({type(None), bool, int, float, str})


def read_result(value: Any, monitor: str | None = None, said: Said = (), *, model: bool = False) -> Result:
    """What is logged of a returned value.

    Args:
        value: what was returned.
        monitor: name of the metric that a number without a name is logged under.
        said: markers of the function's return annotation.
        model: whether models are kept, and not only told by their class.
    """
    reading = _Reading(monitor, model=model)
    reading.read("", value, said)
    return reading.leaves.result


class _Reading:
    """One walk through a returned value."""

    def __init__(self, monitor: str | None, *, model: bool) -> None:
        self.leaves = Leaves(monitor, model=model)
        self._open: list[int] = []
        """Ids of the values that the walk is inside of."""
        self._left = _MAX_VALUES

    def read(self, at: str, value: Any, said: Said = ()) -> None:
        """Read what stands at the place ``at``, names joined by ``/``; the value itself has none."""
        if value is None or has(said, Ignore):
            return
        if is_hidden(at.rpartition("/")[2], said) or is_secret_type(type(value)):
            self.leaves.text(at, MASK)
            return
        members = None if type(value) in _ATOMS or has(said, Artifact) else self._members(at, value)
        if members is None:
            self.leaves.leaf(at, value, said)
        elif self._goes_in(at, value):
            self._open.append(id(value))
            for name, item, marks in members:
                self.read("/".join(filter(None, (at, name))), item, marks)
            self._open.pop()

    def _goes_in(self, at: str, value: Any) -> bool:
        self._left -= 1
        if id(value) in self._open or len(self._open) >= _MAX_DEPTH or self._left < 0:
            self.leaves.unknown(at, value, "a circle, too deep or too much")
            return False
        return True

    def _members(self, at: str, value: Any) -> Iterator[Member] | None:
        """What the value is made of, if that is read one by one."""
        if is_series(value):
            return None if is_counted(value) else _named(value.to_dict(), NO_MARKERS)
        fields = fields_of(value)
        if fields is not None:
            return _named(fields, field_markers(type(value)))
        if isinstance(value, tuple | list) and _is_several(at, value):
            return _unnamed(value)
        return None


def _named(fields: Mapping[Any, Any], markers: Markers) -> Iterator[Member]:
    for key, item in fields.items():
        name = key.name if isinstance(key, enum.Enum) else str(key)
        yield name, item, markers.get(name, ())


def _unnamed(items: Sequence[Any]) -> Iterator[Member]:
    """The members of a plain sequence have no names of their own, but what they hold may have."""
    for i, item in enumerate(items):
        yield "" if fields_of(item) is not None else f"{RESULT}_{i}", item, ()


def _is_several(at: str, items: Sequence[Any]) -> bool:
    """Whether a sequence is read one by one: what a function returns is, unless it is a long list of numbers.

    Inside of something else a list is one value, unless there is something in it that has to be kept by itself.
    """
    if not at and len(items) <= MAX_NAMED:
        return True
    if set(map(type, items)) <= _ATOMS:
        return not at and numbers_in(items) is None
    return any(map(_stands_alone, items))


def _stands_alone(item: Any) -> bool:
    cls = type(item)
    if cls in _ATOMS:
        return False
    if isinstance(item, tuple | list) and fields_of(item) is None:
        return any(map(_stands_alone, item))
    kept = figure_keeper(cls) or table_keeper(cls) or is_model(item) or is_series(item)
    return bool(kept) or isinstance(item, Path) or fields_of(item) is not None
