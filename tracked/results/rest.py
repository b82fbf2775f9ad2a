"""``result.json``: what fits neither a metric nor a tag, as plain JSON without secrets."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any

from ..foreign import answer
from ..markers import Ignore, Key, Marker, Markers, Metric, Param, Secret, has
from ..naming import qualified_name
from ..params.texts import Texts, plain_scalar, type_text
from ..redact import MASK, is_secret_name
from ..shapes import field_markers, fields_of

_MAX_DEPTH = 40
_MAX_NODES = 100_000


def to_json(rest: Mapping[str, Any], secrets: Collection[str]) -> bytes:
    """All of it as JSON; NaN and the infinities by name, since JSON has none."""
    return json.dumps(_Plain(secrets).of(rest), ensure_ascii=False, indent=2).encode()


def is_plain(value: Any) -> bool:
    """Whether it is known what the value says: not of functions, and not of objects without a rule."""
    if isinstance(value, list | tuple | set | frozenset | deque):
        return True
    unknown = type_text(value), qualified_name(value)
    return answer(lambda: not callable(value) and plain_scalar(value) not in unknown, otherwise=False)


def is_hidden(name: str, said: tuple[Marker, ...]) -> bool:
    """Whether a value of this name and these markers is a secret."""
    return has(said, Secret) or (is_secret_name(name) and not has(said, Param, Key, Metric))


class _Plain:
    """One walk; a circle, or what is too deep or too much, ends as the name of its type."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._texts = Texts(secrets)
        self._open: list[int] = []
        self._left = _MAX_NODES

    def of(self, value: Any) -> Any:
        self._left -= 1
        if id(value) in self._open or len(self._open) > _MAX_DEPTH or self._left < 0:
            return type_text(value)
        self._open.append(id(value))
        try:
            return self._inside(value)
        finally:
            self._open.pop()

    def _inside(self, value: Any) -> Any:
        fields = fields_of(value)
        if fields is not None:
            return self._fields(fields, field_markers(type(value)))
        if isinstance(value, list | tuple | set | frozenset | deque):
            return [self.of(item) for item in value]
        plain: Any = answer(lambda: self._texts.of(value), type_text(value))
        return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain

    def _fields(self, fields: Mapping[Any, Any], markers: Markers) -> dict[str, Any]:
        named = ((str(plain_scalar(key)), item) for key, item in fields.items())
        said = ((name, item, markers.get(name, ())) for name, item in named)
        return {
            name: MASK if is_hidden(name, marks) else self.of(item)
            for name, item, marks in said
            if not has(marks, Ignore)
        }
