"""Charts as inline SVG: axes, points, lines, bars.  Colours come from the page's style, by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..drawing import Html, element
from .scales import Scale

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 10, 36
_LONG = 8
"""Characters of a text under an axis, where there is little room."""


class Box(NamedTuple):
    """A chart that is begun: its size, and its axes."""

    width: int
    height: int
    x: Scale
    y: Scale

    def place(self, x: Any, y: Any) -> tuple[float, float] | None:
        """Where a point stands, in pixels; None if it has no place."""
        across, up = self.x.at(x), self.y.at(y)
        return None if across is None or up is None else (self.at_x(across), self.at_y(up))

    def at_x(self, share: float) -> float:
        """Pixels from the left."""
        return _LEFT + share * (self.width - _LEFT - _RIGHT)

    def at_y(self, share: float) -> float:
        """Pixels from the top."""
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)

    def places(self, points: Iterable[tuple[Any, Any]]) -> list[tuple[float, float]]:
        """Where these stand, without those that have no place."""
        return [place for x, y in points if (place := self.place(x, y)) is not None]


def chart(box: Box, *drawn: Html, x: str, y: str) -> Html:
    """The whole chart: what is drawn, inside of axes with these names."""
    bottom = box.at_y(0)
    names = (
        text(box.at_x(0.5), box.height - 4, cut(x, box.width // 8), "name", "middle"),
        element("title", f"{y} by {x}"),
    )
    return picture(box.width, box.height, *_up(box), *_across(box, bottom), *drawn, *names)


def picture(width: int, height: int, *parts: Html) -> Html:
    """A picture as wide as its place allows, in these proportions."""
    return element("svg", *parts, viewBox=f"0 0 {width} {height}", role="img", **{"class": "chart"})


def _up(box: Box) -> Iterator[Html]:
    right = box.width - _RIGHT
    for share, told in box.y.marks():
        y = box.at_y(share)
        yield line([(_LEFT, y), (right, y)], "grid")
        yield text(_LEFT - 5, y + 3.5, cut(told, _LONG), "mark", "end")


def _across(box: Box, bottom: float) -> Iterator[Html]:
    marks = box.x.marks(max(2, box.width // 60))
    for share, told in marks:
        room = _LONG if len(marks) < 6 else 3
        yield text(box.at_x(share), bottom + 14, cut(told, room), "mark", "middle")
    yield line([(_LEFT, bottom), (box.width - _RIGHT, bottom)], "axis")


def line(points: Sequence[tuple[float, float]], kind: str) -> Html:
    """A line from point to point; of a class of the page's style."""
    return lines([points], kind)


def lines(many: Iterable[Sequence[tuple[float, float]]], kind: str) -> Html:
    """Many lines that look alike, as one element."""
    path = "".join("M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in points) for points in many if points)
    return Html(f'<path class="{kind}" d="{path}"/>') if path else Html()


def points(places: Iterable[tuple[float, float]], kind: str) -> Html:
    """Points that look alike, as one element: five hundred of them must not take much room."""
    path = "".join(f"M{x:.4g} {y:.4g}h0" for x, y in places)
    return Html(f'<path class="dots {kind}" d="{path}"/>') if path else Html()


def text(x: float, y: float, said: object, kind: str, anchor: str = "start") -> Html:
    """Text at a place."""
    return element("text", said, x=f"{x:.4g}", y=f"{y:.4g}", **{"class": kind, "text-anchor": anchor})


def steps(points: Sequence[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """The corners of a line that stays at each value until the next one, and goes on to ``end``."""
    corners = [points[0]] if points else []
    for (_, before), (x, value) in pairwise(points):
        corners += [(x, before), (x, value)]
    return [*corners, (end, points[-1][1])] if points else []


def bars(rows: Sequence[tuple[str, float, str]], width: int = 460) -> Html:
    """A bar for each name, of a share from 0 to 1, and what is written behind it."""
    height, names, room = 22, 150, 100
    drawn = []
    for index, (name, share, told) in enumerate(rows):
        y, long = index * height, max(1.0, share * (width - names - room))
        rect = {
            "x": f"{names}",
            "y": f"{y + 4}",
            "width": f"{long:.1f}",
            "height": f"{height - 8}",
            "class": "bar",
        }
        drawn += [
            text(names - 8, y + 15, cut(name, 22), "label", "end"),
            element("rect", element("title", f"{name}: {told}"), **rect),
            text(names + long + 6, y + 15, told, "mark"),
        ]
    return picture(width, max(1, len(rows)) * height, *drawn)


def cut(said: str, most: int) -> str:
    """A text of so many characters, at most."""
    return said if len(said) <= most else f"{said[: max(1, most - 1)]}…"
