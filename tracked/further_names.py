"""Further names of our tags, as a person sets them, and tags as they are written: under both, and not too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import ConfigError
from .lengths import shorten
from .nearest import did_you_mean
from .tags import KEYS, OURS_ALONE, OWN


def full_key(name: str) -> str:
    """Our key, from its name with or without ``tracked.``."""
    return name if name in KEYS or OWN + name not in KEYS else OWN + name


def renamed(names: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Further names by our full keys."""
    return ((full_key(str(key)), name) for key, name in names.items())


def strange(key: str) -> str:
    """Why a tag of this key has no further name; empty if it may have one."""
    if key in OURS_ALONE:
        return f"the tag {key!r} has no other name: delivery goes by it"
    return "" if key in KEYS else f"there is no tag {key!r}{did_you_mean(key, KEYS - OURS_ALONE)}"


def checked_name(key: str, name: Any) -> str:
    """A further name of a tag.

    Raises:
        ConfigError: it is none, or belongs to another tag of ours or to MLflow.
    """
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"the name of tag {key} is a text that is not empty, not {name!r}")
    if name.startswith("mlflow.") or (name in KEYS and name != key):
        raise ConfigError(f"tag {key} cannot be called {name!r}: that name has a meaning of its own")
    return name


def fitted(
    values: Mapping[str, str], names: Mapping[str, str], limit: int
) -> tuple[Mapping[str, str], dict[str, str]]:
    """Tags as they are written (the same object if nothing changes), and the whole texts of those that had to be cut.

    Args:
        values: by our keys, and others.
        names: further names by our key, which are written beside ours.
        limit: longest value, in characters; a longer one is cut and ends in a hash of the whole.
    """
    if not names and max(map(len, values.values()), default=0) <= limit:
        return values, {}
    further = {names[key]: value for key, value in values.items() if key in names}
    both = {**further, **values}
    long = {key: value for key, value in both.items() if len(value) > limit}
    return both | {key: shorten(value, limit) for key, value in long.items()}, long
