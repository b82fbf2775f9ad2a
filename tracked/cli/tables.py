"""Tables of plain text, as wide as the line and no wider."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..drawing import spark_text
from .speaking import heading, is_utf, safe

_GAP = 2


class Column(NamedTuple):
    """A column of a table."""

    title: str
    to_right: bool = False
    """Whether its texts end at the same place, as numbers do."""
    least: int = 0
    """Characters to which it may be cut where the line is too short; 0 means that it is never cut."""
    painted: Callable[[str], str] | None = None
    """Colours a cell that has its width already."""


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The lines of a table; columns without a text in any row are left out.

    Args:
        columns: from left to right.
        rows: a text for each column; what a terminal might obey is escaped.
        width: characters of a line; 0 means any.
    """
    texts = [[safe(text) for text in row] for row in rows]
    kept = [i for i in range(len(columns)) if any(row[i] for row in texts)]
    chosen = [columns[i] for i in kept]
    cells = [[column.title for column in chosen], *([row[i] for i in kept] for row in texts)]
    widths = [max(cells_of(row[i]) for row in cells) for i in range(len(chosen))]
    widths = _fitted(widths, [column.least for column in chosen], width)
    head, *body = cells
    lines = [heading(_line([Column("", c.to_right) for c in chosen], head, widths))] if any(head) else []
    return [*lines, *(_line(chosen, row, widths) for row in body)]


def _fitted(widths: list[int], least: Sequence[int], width: int) -> list[int]:
    """The widest of the columns that may be cut is cut first."""
    over = sum(widths) + _GAP * (len(widths) - 1) - width if width else 0
    while over > 0:
        room = [have - floor if floor else 0 for have, floor in zip(widths, least, strict=True)]
        if max(room, default=0) <= 0:
            break
        widest = max(range(len(widths)), key=lambda i: (room[i] > 0, widths[i]))
        widths[widest] -= 1
        over -= 1
    return widths


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    cells = []
    for column, text, width in zip(columns, row, widths, strict=True):
        fitted = cut(text, width)
        space = " " * (width - cells_of(fitted))
        cell = space + fitted if column.to_right else fitted + space
        cells.append(column.painted(cell) if column.painted else cell)
    return (" " * _GAP).join(cells).rstrip()


def cells_of(text: str) -> int:
    """How many places of a terminal's line the text takes."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def cut(text: str, width: int) -> str:
    """The text, shortened to so many places if it is longer, which is seen at its end."""
    if cells_of(text) <= width:
        return text
    mark = "…" if is_utf() else "~"
    while text and cells_of(text) > width - 1:
        text = text[:-1]
    return text + mark


def course(values: Sequence[float], width: int) -> str:
    """A little picture of how a number went; empty for less than two, in ASCII where the stream has no blocks."""
    return spark_text(values, width, ascii_only=not is_utf())
