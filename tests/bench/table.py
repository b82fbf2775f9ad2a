"""Rows of figures, and the tables that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter_ns
from typing import NamedTuple, Protocol


class Shown(Protocol):
    """A row of a table."""

    HEAD: tuple[str, ...]
    """What stands above the cells; the same for all rows of a table."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The row, as it is shown."""


class Row(NamedTuple):
    """One comparison."""

    what: str
    ours: str
    against: str
    other: str
    ratio: float
    """Ours divided by the other."""
    aim: str = ""

    HEAD = ("what", "tracked", "against", "that", "tracked / that", "aim")

    @property
    def cells(self) -> tuple[str, ...]:
        """The row, as it is shown."""
        return (self.what, self.ours, self.against, self.other, shown_ratio(self.ratio), self.aim)


def table(rows: Sequence[Shown]) -> str:
    """The rows, aligned, as a table of Markdown."""
    cells = [rows[0].HEAD, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def shown_ratio(ratio: float) -> str:
    """A ratio with three digits, a small one as a fraction."""
    if ratio >= 0.1:
        return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.3g}"
    return f"1/{1 / ratio:.0f}" if ratio > 0 else "0"


def shown_time(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}" if seconds >= 100 * size else f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def compare(
    what: str,
    ours: Callable[[], object],
    against: str,
    other: Callable[[], object],
    calls: tuple[int, int],
    rounds: int,
) -> Row:
    """Median time of a call of each, in rounds that take turns; with the median of the rounds' ratios."""
    pairs = [(timed(ours, calls[0]), timed(other, calls[1])) for _ in range(rounds)]
    mine, theirs = (median(side) for side in zip(*pairs, strict=True))
    return Row(what, shown_time(mine), against, shown_time(theirs), median(a / b for a, b in pairs))


def timed(call: Callable[[], object], calls: int) -> float:
    """The median of so many calls, in seconds."""
    times = []
    for _ in range(calls):
        start = perf_counter_ns()
        call()
        times.append(perf_counter_ns() - start)
    return median(times) / 1e9
