"""Markup and small pictures for people: HTML and inline SVG without scripts, classes or files from elsewhere.

Colours are those of the text around, or middle tones that are read on light and on dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isfinite
from types import MappingProxyType

STATES: Mapping[str, str] = MappingProxyType(
    {"FINISHED": "#2f9e5f", "FAILED": "#d9534f", "KILLED": "#c07f1f", "RUNNING": "#4c8bd6"}
)
"""The colour of each state of a run."""
LINE = "rgba(128,128,128,.35)"
"""The colour of borders."""
ACCENT = "#4c8bd6"
_WIDEST = 200
"""Characters of a value that are shown."""
_BLOCKS, _ASCII = "▁▂▃▄▅▆▇█", "_.-=*#"


class Html(str):
    """Markup that is safe to show as it stands; any other text is escaped before it is."""

    __slots__ = ()


def shown(value: object) -> Html:
    """A value as markup: numbers in four digits, long texts cut, everything escaped."""
    if isinstance(value, Html):
        return value
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return Html(escape(text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"))


def element(tag: str, *parts: object, style: str = "", **attributes: str) -> Html:
    """One element around these parts."""
    given = {**({"style": style} if style else {}), **attributes}
    told = "".join(f' {name}="{escape(value)}"' for name, value in given.items())
    return Html(f"<{tag}{told}>{''.join(map(shown, parts))}</{tag}>")


def faint(*parts: object) -> Html:
    """What is said beside the matter."""
    return element("span", *parts, style="opacity:.65")


def prose(text: object) -> Html:
    """A text that may be long: it is broken into lines where the place is narrow."""
    return element("span", text, style="white-space:normal")


def state(name: str) -> Html:
    """The state of a run, in its colour and in words."""
    return element("b", name, style=f"color:{STATES.get(name, 'inherit')}")


def link(address: str) -> Html:
    """How to see a run: a link for an address, else the command that shows it."""
    if address.startswith(("http://", "https://")):
        return element(
            "a", "open in MLflow", href=address, target="_blank", rel="noopener", style=f"color:{ACCENT}"
        )
    return element("code", address, style="font-size:11px") if address else Html()


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> Html:
    """A table; empty without a row."""
    cell = f"text-align:left;padding:2px 12px 2px 0;border:0;border-top:1px solid {LINE};white-space:nowrap"
    lines = [element("tr", *(element("td", part, style=cell) for part in row)) for row in rows]
    if not lines:
        return Html()
    top = element("tr", *(element("th", faint(head), style=cell) for head in heads)) if heads else Html()
    style = "border-collapse:collapse;border:0;background:transparent;color:inherit;font:inherit;margin:4px 0"
    return element("table", top, *lines, style=style)


def details(title: object, body: object, *, is_open: bool = False) -> Html:
    """A part that is folded away; empty without a body."""
    if not body:
        return Html()
    return element("details", element("summary", title), body, **({"open": "open"} if is_open else {}))


def card(*parts: object) -> Html:
    """A frame around what belongs together."""
    style = (
        "font:13px/1.5 system-ui,sans-serif;color:inherit;overflow-x:auto;"
        f"border:1px solid {LINE};border-radius:6px;padding:8px 12px;margin:4px 0"
    )
    return element("div", *(element("div", part) for part in parts if part), style=style)


def sparkline(values: Sequence[float], width: int = 120, height: int = 20) -> Html:
    """The course of a number as a line; what is no number is left out, and empty for less than two."""
    points = list(_placed(values, width, height))
    if len(points) < 2:
        return Html()
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    (x, y) = points[-1]
    return svg(
        width,
        height,
        f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="1.3" opacity=".8"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{ACCENT}"/>',
    )


def svg(width: int, height: int, inside: str) -> Html:
    """A picture of this size, in pixels, around markup of its own."""
    return Html(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" style="vertical-align:middle">{inside}</svg>'
    )


def search_chart(values: Sequence[float], best: Sequence[float], width: int = 420, height: int = 90) -> Html:
    """The value of each trial as a point, and the best so far as a line."""
    span = _span([*values, *best])
    points = list(_placed(values, width, height, span))
    if len(points) < 2:
        return Html()
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" opacity=".55"/>' for x, y in points)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in _placed(best, width, height, span))
    return svg(
        width,
        height,
        f'<g fill="currentColor">{dots}</g>'
        f'<polyline points="{path}" fill="none" stroke="{ACCENT}" stroke-width="2"/>',
    )


def spark_text(values: Sequence[float], width: int = 20, *, ascii_only: bool = False) -> str:
    """The course of a number in one line of text; empty for less than two numbers."""
    marks = _ASCII if ascii_only else _BLOCKS
    numbers = [value for value in values if isfinite(value)]
    if len(numbers) < 2:
        return ""
    step = max(1.0, len(numbers) / width)
    chosen = [
        numbers[min(int((i + 1) * step) - 1, len(numbers) - 1)] for i in range(min(width, len(numbers)))
    ]
    low, high = _span(chosen)
    return "".join(marks[round(_share(value, low, high) * (len(marks) - 1))] for value in chosen)


def _span(values: Iterable[float]) -> tuple[float, float]:
    """Least and greatest number."""
    numbers = [value for value in values if isfinite(value)] or [0.0]
    return min(numbers), max(numbers)


def _share(value: float, low: float, high: float) -> float:
    """How far up it is between the two, from 0 to 1; 0 where they are one."""
    # Halves: the difference of the largest numbers is none.
    whole = high / 2 - low / 2
    return min(1.0, max(0.0, (value / 2 - low / 2) / whole)) if whole else 0.0


def _placed(
    values: Sequence[float], width: int, height: int, span: tuple[float, float] | None = None
) -> Iterable[tuple[float, float]]:
    """Where each number stands in a picture of this size."""
    low, high = span or _span(values)
    edge, last = 3, max(1, len(values) - 1)
    for index, value in enumerate(values):
        if isfinite(value):
            x = edge + (width - 2 * edge) * index / last
            yield x, height - edge - (height - 2 * edge) * _share(value, low, high)
