"""Rows of figures, and the table that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter_ns
from typing import NamedTuple


class Row(NamedTuple):
    """One comparison."""

    what: str
    ours: str
    against: str
    other: str
    ratio: float
    """Ours divided by the other."""
    aim: str = ""


def table(rows: Sequence[Row]) -> str:
    """The rows, aligned, as a table of Markdown."""
    head = ("what", "tracked", "against", "that", "tracked / that", "aim")
    cells = [head, *((r.what, r.ours, r.against, r.other, _shown(r.ratio), r.aim) for r in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def _shown(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"


def shown_time(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
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
