"""A computed key, and the hash in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import IdentityError
from .jcs import to_bytes
from .tree import weak_paths
from .walk import Walk

_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Key:
    """A computed key."""

    hash: str
    """64 hexadecimal digits."""
    schema: str
    """What the payload counts, with its version."""
    payload: Mapping[str, Any] = field(compare=False, repr=False)
    """What was hashed, in canonical form, for :func:`explain`."""
    weak: tuple[str, ...] = field(default=(), compare=False)
    """Paths of the parts that say less than the values did."""


def sealed(schema: str, walk: Walk, **parts: Any) -> Key:
    """The key of canonical parts that the walk made."""
    payload = {"schema": schema, **parts}
    weak = weak_paths(payload) if walk.weak_found else ()
    return Key(hashlib.sha256(to_bytes(payload)).hexdigest(), schema, payload, weak)


def checked(key_hash: Any) -> str:
    """The hash, if it is one.

    Raises:
        IdentityError: it is not 64 hexadecimal digits.
    """
    if isinstance(key_hash, str) and len(key_hash) == 64 and _DIGITS.issuperset(key_hash):
        return key_hash
    raise IdentityError(f"a key is 64 hexadecimal digits in lower case, not {str(key_hash)[:80]!r}")
