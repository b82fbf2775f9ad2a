"""The graph of the runs that a run came from and led to: sources to the left, what came of them to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..drawing import STATES, Html, element
from .charts import cut, picture, text
from .sections import scrolled, section
from .values import Node

FEW = 4
"""Runs of one stage with the same sources that are drawn one by one; more are one box."""
_WIDTH, _HEIGHT, _GAP, _STEP = 168, 40, 52, 54
_ROWS = 12
"""Boxes of one column, at most."""


def lineage(nodes: Sequence[Node], run: str) -> Html:
    """The graph; nothing where the run stands alone."""
    boxes = _gathered(nodes, run)
    if len(boxes) < 2:
        return Html()
    columns = _columns(boxes)
    places = {
        box.run: (3 + c * (_WIDTH + _GAP), 3 + r * _STEP)
        for c, column in enumerate(columns)
        for r, box in enumerate(column[:_ROWS])
    }
    width = len(columns) * (_WIDTH + _GAP) - _GAP + 6
    height = min(_ROWS, max(map(len, columns))) * _STEP
    edges = [_edge(box, source, by, places) for box in boxes for source, by in box.sources.items()]
    drawn = [_box(box, *places[box.run], is_this=box.run == run) for box in boxes if box.run in places]
    graph = picture(width, height, *edges, *drawn)
    hidden = len(boxes) - len(places)
    about = f"The marked run is this one.{f' {hidden} runs are not shown.' if hidden else ''}"
    return section(
        "Where it came from, and what came of it",
        scrolled(graph, width * 0.7, width),
        about=about,
        wide=True,
    )


def _gathered(nodes: Sequence[Node], run: str) -> list[Node]:
    """The runs as boxes: what is many of a kind, with sources of the same kinds, is one."""
    kinds = _kinds(nodes, run)
    members: dict[Any, list[Node]] = {}
    for node in nodes:
        members.setdefault(kinds[node.run], []).append(node)
    box_of = {node.run: some[0].run for some in members.values() for node in some if len(some) > FEW}
    return [
        _boxed(node, box_of, members[kinds[node.run]])
        for node in nodes
        if box_of.get(node.run, node.run) == node.run
    ]


def _kinds(nodes: Sequence[Node], run: str) -> dict[str, Any]:
    """What is alike has the same one; the sources of a run stand before it."""
    kinds: dict[str, Any] = {}
    for node in nodes:
        above = frozenset(kinds.get(source, source) for source in node.sources)
        kinds[node.run] = node.run if node.run == run else (node.stage, above)
    return kinds


def _boxed(node: Node, box_of: Mapping[str, str], alike: Sequence[Node]) -> Node:
    sources = {box_of.get(source, source): by for source, by in node.sources.items()}
    if node.run not in box_of:
        return replace(node, sources=sources)
    return replace(node, sources=sources, name=f"{len(alike)} times {node.stage or 'run'}", status="")


def _columns(boxes: Sequence[Node]) -> list[list[Node]]:
    """Each run in the column behind the last of its sources."""
    known = {box.run: box for box in boxes}
    depths: dict[str, int] = {}

    def depth(run: str, path: tuple[str, ...] = ()) -> int:
        if run not in depths:
            sources = [s for s in known[run].sources if s in known and s not in (*path, run)]
            depths[run] = 1 + max((depth(s, (*path, run)) for s in sources), default=-1)
        return depths[run]

    columns: list[list[Node]] = []
    for box in boxes:
        while len(columns) <= depth(box.run):
            columns.append([])
        columns[depth(box.run)].append(box)
    return [column for column in columns if column]


def _box(box: Node, x: float, y: float, *, is_this: bool) -> Html:
    frame = {"x": f"{x}", "y": f"{y}", "width": f"{_WIDTH}", "height": f"{_HEIGHT}", "rx": "6"}
    colour = STATES.get(box.status, "gray")
    return element(
        "g",
        element("title", f"{box.stage} {box.name} {box.status} {box.run}"),
        element("rect", **frame, **{"class": "box this" if is_this else "box"}),
        element("circle", cx=f"{x + 13}", cy=f"{y + 14}", r="4", fill=colour),
        text(x + 24, y + 18, cut(box.name, 21), "label strong"),
        text(x + 24, y + 33, cut(box.stage or "run", 22), "mark"),
    )


def _edge(box: Node, source: str, by: str, places: Mapping[str, tuple[float, float]]) -> Html:
    if source not in places or box.run not in places:
        return Html()
    (x, y), (to_x, to_y) = places[source], places[box.run]
    x, y, to_y = x + _WIDTH, y + _HEIGHT / 2, to_y + _HEIGHT / 2
    middle = (x + to_x) / 2
    path = f"M{x:.4g} {y:.4g}C{middle:.4g} {y:.4g} {middle:.4g} {to_y:.4g} {to_x:.4g} {to_y:.4g}"
    return element("path", element("title", by), d=path, **{"class": "edge"})
