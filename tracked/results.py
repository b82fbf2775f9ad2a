"""What a returned value says: metrics, tags and files, by its type."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .measure import number_of

RESULT = "result"
_OURS = re.compile(rf"{RESULT}(_\d+)?")


@dataclass(frozen=True)
class Result:
    """What is logged of a returned value."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


def read_result(value: Any, monitor: str | None = None) -> Result:
    """Read a returned value.  Nothing of it is changed, copied or pickled.

    A number is the metric ``monitor`` (else ``result``); a mapping or dataclass gives numbers as metrics, with
    nested keys joined by ``/``, texts and bools as tags ``result.*``; an existing ``Path`` is an artifact; of
    anything else only the type is noted.
    """
    if value is None:
        return Result()
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    files: dict[str, Path] = {}
    for key, leaf in _leaves(value, ""):
        _sort(key or monitor or RESULT, leaf, metrics, tags, files)
    return Result(metrics, tags, files)


def _leaves(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if not _is_group(value):
        yield at, value
        return
    for key, inner in _members(value):
        yield from _leaves(inner, "/".join(filter(None, (at, key))))


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping | tuple | list) or _is_dataclass(value)


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(k), v) for k, v in value.items())
    elif _is_dataclass(value):
        yield from ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
    elif hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    else:
        # The members of a plain sequence have no names of their own, but what they hold may have.
        yield from (("" if _has_names(v) else f"{RESULT}_{i}", v) for i, v in enumerate(value))


def _has_names(value: Any) -> bool:
    return (
        isinstance(value, Mapping) or _is_dataclass(value) or (_is_group(value) and hasattr(value, "_fields"))
    )


def _sort(
    key: str, leaf: Any, metrics: dict[str, float], tags: dict[str, str], files: dict[str, Path]
) -> None:
    number = None if isinstance(leaf, bool) else number_of(leaf)
    if leaf is None:
        return
    if number is not None:
        metrics[key] = number
    elif isinstance(leaf, Path) and leaf.exists():
        files[leaf.name if leaf.name not in files else f"{key}/{leaf.name}"] = leaf
    elif isinstance(leaf, str | bool | Path):
        tags[_tag(key)] = str(leaf)
    else:
        tags[f"{_tag(key)}.type"] = type(leaf).__qualname__


def _tag(key: str) -> str:
    """``result`` and ``result_0`` are names that we gave ourselves; all others go below ``result.``."""
    return key if _OURS.fullmatch(key) else f"{RESULT}.{key}"
