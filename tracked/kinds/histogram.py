"""A histogram as an SVG that stands by itself: no script, no font, no library that draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from .timing import percentile

WIDTH, HEIGHT, MARGIN, TOP = 640, 240, 40, 60
BINS = 32
_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
    'font-family="sans-serif" font-size="12" fill="#666">'
)
_MARKS = {"p50": "#2f855a", "p95": "#c05621"}


def histogram(samples: Sequence[float], summary: Mapping[str, float], title: str) -> str:
    """Bars of how many samples took how long, and lines at the percentiles.

    It ends at the 99th percentile, and the last bar holds all above: one slow call would squeeze the others.
    """
    low, high = min(samples), percentile(sorted(samples), 99)
    width = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for ms in samples:
        counts[min(int((ms - low) / width), BINS - 1)] += 1
    marks = {name: (summary[name] - low) / (width * BINS) for name in _MARKS}
    return "\n".join(
        [
            _HEAD,
            f'<text x="{MARGIN}" y="20" font-size="15">{escape(title)}</text>',
            f'<text x="{MARGIN}" y="38">{_told(len(samples), summary)}</text>',
            *_bars(counts),
            *(
                _line(name, at, summary[name], i)
                for i, (name, at) in enumerate(marks.items())
                if 0 <= at <= 1
            ),
            f'<text x="{MARGIN}" y="{HEIGHT - 10}">{low:.4g} ms</text>',
            f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 10}" text-anchor="end">{high:.4g} ms and more</text>',
            "</svg>",
        ]
    )


def _told(n: int, summary: Mapping[str, float]) -> str:
    return f"{n} calls, mean {summary['mean']:.4g} ± {summary['ci95']:.2g} ms, max {summary['max']:.4g} ms"


def _bars(counts: Sequence[int]) -> list[str]:
    step, floor = (WIDTH - 2 * MARGIN) / len(counts), HEIGHT - MARGIN / 1.5
    tallest = (floor - TOP) / max(counts)
    return [
        f'<rect x="{MARGIN + i * step:.1f}" y="{floor - n * tallest:.1f}" width="{step - 1:.1f}" '
        f'height="{n * tallest:.1f}" fill="#4c78a8"/>'
        for i, n in enumerate(counts)
        if n
    ]


def _line(name: str, at: float, ms: float, row: int) -> str:
    """A line at a percentile; two of them may lie close together, so each has a height of its own for its name."""
    x = MARGIN + at * (WIDTH - 2 * MARGIN)
    anchor, beside = ("end", x - 4) if at > 0.8 else ("start", x + 4)
    top = TOP - 7 + 13 * row
    return (
        f'<g fill="{_MARKS[name]}" stroke="{_MARKS[name]}"><path d="M{x:.1f} {top - 9}V{HEIGHT - MARGIN / 1.5:.1f}"/>'
        f'<text x="{beside:.1f}" y="{top}" stroke="none" text-anchor="{anchor}">{name} {ms:.4g} ms</text></g>'
    )
