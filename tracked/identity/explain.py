"""Why two keys differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .tree import leaves

_WIDTH = 60


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()
"""Stands for a leaf that one side does not have."""


@dataclass(frozen=True)
class Difference:
    """One leaf that differs, in canonical form."""

    path: str
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"{self.path or '(all)'}: {_shown(self.left)} -> {_shown(self.right)}"


@dataclass(frozen=True)
class Explanation:
    """All leaves that differ; false if there are none, and as text one line each."""

    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __str__(self) -> str:
        return "\n".join(map(str, self.differences)) or "the same"

    def as_html(self) -> str:
        """The same as a table."""
        from ..drawing import element, faint, table  # noqa: PLC0415 - only a notebook asks

        rows = [
            (element("code", d.path), _shown(d.left), faint("->"), _shown(d.right)) for d in self.differences
        ]
        return table((), rows) or element("span", "the same")

    def _repr_html_(self) -> str:
        return self.as_html()

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(str(self))


def explain(a_payload: Mapping[str, Any], b_payload: Mapping[str, Any]) -> Explanation:
    """The leaves in which two payloads (``Key.payload``) differ, in the order of the first."""
    left, right = dict(leaves(dict(a_payload))), dict(leaves(dict(b_payload)))
    pairs = ((path, left.get(path, ABSENT), right.get(path, ABSENT)) for path in left | right)
    return Explanation(tuple(Difference(path, a, b) for path, a, b in pairs if not _same(a, b)))


def _same(a: Any, b: Any) -> bool:
    """Equal as JSON: 1 is 1.0, and True is not 1."""
    return isinstance(a, bool) is isinstance(b, bool) and bool(a == b)


def _shown(leaf: Any) -> str:
    text = repr(leaf) if leaf is ABSENT else json.dumps(leaf, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
