"""From nested arguments to named texts."""

from __future__ import annotations

import enum
import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..foreign import answer, attempted
from ..markers import Ignore, Key, Markers, Param, Secret, has
from ..redact import MASK, is_secret_name, is_secret_type
from ..shapes import field_markers, fields_of, kinds, plain_omegaconf
from .hidden import hidden_texts
from .texts import SCALARS, Texts, plain_scalar, type_text

_MAX_ITEMS = 10_000
"""Longer lists are data, not settings: they are shown by their length."""
_MAX_DEPTH = 40
_MAX_NODES = 100_000
"""A list that holds one list twice, which holds one list twice … has more leaves than there is time for."""

Entry = tuple[str, Any, bool]
"""Name, value, and whether it is secret."""


def leaves(
    arguments: Mapping[str, Any], markers: Markers, secrets: Collection[str]
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Names and texts of all leaves, in order, and the texts of the secrets among them.

    Names are joined by ``.`` and not yet made safe.
    """
    walk = _Flattening(secrets)
    found = list(walk.leaves("", arguments, markers))
    return found, tuple(sorted(walk.hidden, key=lambda text: (-len(text), text)))


class _Flattening:
    """One walk through the arguments."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._texts = Texts(secrets)
        self._open: list[int] = []
        """Ids of the values that the walk is inside of."""
        self._left = _MAX_NODES
        self.hidden: set[str] = set()

    def leaves(self, prefix: str, mapping: Mapping[Any, Any], markers: Markers) -> Iterator[tuple[str, str]]:
        yield from self._named(prefix, _entries(mapping, markers))

    def _named(self, prefix: str, entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
        for name, value, secret in entries:
            key = f"{prefix}.{name}" if prefix else name
            if secret:
                yield key, self._masked(value)
            else:
                yield from self._value(key, value)

    def _masked(self, secret: Any) -> str:
        attempted(lambda: self.hidden.update(hidden_texts(secret)))
        return MASK

    def _value(self, key: str, value: Any) -> Iterator[tuple[str, str]]:
        entries = None if type(value) in SCALARS or self._is_enough(value) else _entries_of(value)
        if not entries:
            yield key, self._text(value)
            return
        self._open.append(id(value))
        yield from self._named(key, entries)
        self._open.pop()

    def _is_enough(self, value: Any) -> bool:
        """Whether the walk goes no further: in a circle, too deep, or too long."""
        self._left -= 1
        return id(value) in self._open or len(self._open) >= _MAX_DEPTH or self._left < 0

    def _text(self, value: Any) -> str:
        if type(value) in SCALARS:
            return str(self._texts.of(value))
        if is_secret_type(type(value)):
            return self._masked(value)
        told = attempted(lambda: _one_text(self._plain(value)))
        return str(told.value) if told.error is None else type_text(value)

    def _plain(self, value: Any) -> Any:
        """The value as JSON has it, secrets masked."""
        if type(value) in SCALARS:
            return self._texts.of(value)
        if is_secret_type(type(value)):
            return self._masked(value)
        if self._is_enough(value):
            return type_text(value)
        self._open.append(id(value))
        try:
            entries = _entries_of(value)
            if entries is not None:
                return {
                    name: self._masked(item) if secret else self._plain(item)
                    for name, item, secret in entries
                }
            items = _items(value)
            if items is None:
                return self._texts.of(value)
            plain = [self._plain(item) for item in items]
            return sorted(plain, key=str) if isinstance(value, set | frozenset) else plain
        finally:
            self._open.pop()


def _entries_of(value: Any) -> list[Entry] | None:
    """What a value holds by name; None if it has no names, or does not let itself be read."""
    fields = fields_of(value)
    if fields is None:
        return None
    markers = field_markers(type(value))
    return answer(lambda: list(_entries(fields, markers)), None)


def _entries(mapping: Mapping[Any, Any], markers: Markers) -> Iterator[Entry]:
    """Name, value and whether it is secret; what is to be ignored is left out."""
    for key, value in mapping.items():
        name = _name(key)
        said = markers.get(name, ())
        # Who marks a token as a param says that it is a word and no secret.
        secret = has(said, Secret) or (is_secret_name(name) and not has(said, Param, Key))
        if not has(said, Ignore):
            yield name, value, secret


def _name(key: Any) -> str:
    if isinstance(key, str) and not isinstance(key, enum.Enum):
        return key
    return key.name if isinstance(key, enum.Enum) else str(plain_scalar(key))


def _items(value: Any) -> Collection[Any] | None:
    """Items of a list, tuple or set that is short enough to be shown."""
    if "omegaconf.ListConfig" in kinds(type(value)):
        value = plain_omegaconf(value)
    short = isinstance(value, list | tuple | set | frozenset | deque) and len(value) <= _MAX_ITEMS
    return value if short else None


def _one_text(plain: Any) -> str:
    is_several = isinstance(plain, list | dict)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")) if is_several else str(plain)
