"""What is logged of a returned value, as a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..naming import qualified_name
from ..params import safe_key

RESULT = "result"
"""The name of what has no name of its own."""
WHOLE = "result.json"
"""The artifact with everything that is neither a metric nor a tag."""
_OURS = re.compile(rf"{RESULT}(_\d+)?")

Points = list[tuple[int, float]]
"""Steps and values of one metric."""


class Keep(Protocol):
    """Keeps a file, a folder or bytes under a name; an open run's ``artifact`` does."""

    def __call__(self, content: Path | str | bytes, name: str | None = None, *, move: bool = False) -> None:
        """Keep it as it is now."""
        ...


Keeper = Callable[[Any, str, Keep], None]
"""Turns a value into files, called by a name without ending, and keeps them.  It may raise anything."""


class Part(NamedTuple):
    """A value that is kept as files."""

    value: Any
    keeper: Keeper
    name: str
    key: str
    """Where it stands in what was returned."""


@dataclass
class Result:
    """What is logged of a returned value."""

    metrics: dict[str, float] = field(default_factory=dict)
    histories: dict[str, Points] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)
    """What goes into ``result.json``."""
    remarks: dict[str, str] = field(default_factory=dict)
    """What the person is told, by what it is about."""

    def cannot_keep(self, key: str, value: Any, why: str = "") -> None:
        """Note the type of what cannot be logged, and that it cannot."""
        name = qualified_name(type(value))
        tag = f"{tag_of(key)}.type"
        self.tags[tag] = name
        self.remarks[f"result {name}"] = (
            f"a returned {name} cannot be logged{why and f' ({why})'}: only its type is noted, as "
            f"{safe_key(tag)}; nothing is pickled"
        )


def tag_of(key: str) -> str:
    """``result`` and ``result_0`` are names that we gave ourselves; all others go below ``result.``."""
    return key if _OURS.fullmatch(key) else f"{RESULT}.{key}"
