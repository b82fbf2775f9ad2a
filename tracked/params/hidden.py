"""What the arguments hold that must not be shown: so that it is not shown in an error or a note either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..redact import SHORTEST, is_secret_type
from ..shapes import fields_of

_MAX_DEPTH = 5


def hidden_texts(secret: Any, depth: int = 0) -> Iterator[str]:
    """The texts of a secret, itself or within: short ones also stand in innocent texts by chance."""
    if isinstance(secret, bytes | bytearray):
        secret = secret.decode("utf-8", "ignore")
    if isinstance(secret, str):
        if len(secret) >= SHORTEST:
            yield str(secret)
    elif is_secret_type(type(secret)):
        yield from hidden_texts(secret.get_secret_value(), depth + 1)
    elif depth < _MAX_DEPTH:
        for item in _items(secret):
            yield from hidden_texts(item, depth + 1)


def _items(secret: Any) -> Iterator[Any]:
    fields: Mapping[Any, Any] | None = fields_of(secret)
    if fields is not None:
        return iter(fields.values())
    return iter(secret) if isinstance(secret, list | tuple | set | frozenset) else iter(())
