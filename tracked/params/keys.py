"""Keys in the characters that MLflow takes: letters, digits, ``_ - . / :`` and space.

Anything else is written as its code, ``f1@0.5`` as ``f1_x40_0.5``, and so are slashes and dots where MLflow would
read a path that is not in its shortest form (``a//b``, ``/a``, ``..``).  An underscore that would read as the
beginning of such a code is written as ``_x5f_``: every key comes back by :func:`original_key`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection

from ..lengths import MAX_KEY, digest

_REFUSED = re.compile(
    r"""[^\w/.\ :\-]
    | _(?=x[0-9a-f]{2,6}(?:_|\W))               # would read as one of our codes
    | \A/ | /\Z | (?<=/)/                       # an empty part of a path
    | (?:\A|(?<=/))\.(?=\.?(?:/|\Z)) | \A\.(?=\.)   # a part that leads elsewhere
    """,
    re.VERBOSE,
)
_CODE = re.compile(r"_x([0-9a-f]{2,6})_")
_EMPTY = "_x_"


@functools.lru_cache(maxsize=8192)
def safe_key(key: str) -> str:
    """The key as MLflow takes it.  One of more than 250 characters is cut and ends in a hash of the whole."""
    safe = _escape(key)
    if len(safe) <= MAX_KEY:
        return safe
    tail = f"-{digest(key)}"
    return safe[: MAX_KEY - len(tail)] + tail


def original_key(safe: str) -> str:
    """The key that :func:`safe_key` was given, unless it was too long."""
    return "" if safe == _EMPTY else _CODE.sub(_character, safe)


def unused(key: str, taken: Collection[str]) -> str:
    """``{"a.b": 1, "a": {"b": 2}}`` has two leaves of one name: the second becomes ``a.b-2``."""
    candidate, count = key, 1
    while candidate in taken:
        count += 1
        candidate = f"{key[: MAX_KEY - len(str(count)) - 1]}-{count}"
    return candidate


def _escape(key: str) -> str:
    if key in ("", _EMPTY):
        return "_x5f_x_" if key else _EMPTY
    return _REFUSED.sub(lambda found: f"_x{ord(found.group()):02x}_", key)


def _character(code: re.Match[str]) -> str:
    point = int(code[1], 16)
    return chr(point) if point <= 0x10FFFF else code.group()
