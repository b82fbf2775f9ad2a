"""The parts of a page: a heading and what stands under it, and tables whose look the page's style gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ..drawing import Html, element


def section(title: str, *parts: object, about: str = "", wide: bool = False) -> Html:
    """A part of the page; nothing where there is nothing in it."""
    if not any(parts):
        return Html()
    said = note(about) if about else Html()
    return element("section", element("h2", title), *parts, said, **({"class": "wide"} if wide else {}))


def note(text: str) -> Html:
    """Something to know of what is seen, of any length."""
    return element("p", Html(escape(text)), **{"class": "about"})


def grid(figures: Iterable[tuple[str, Html]], kind: str = "small") -> Html:
    """Small pictures side by side, as many as there is room for, with their names above."""
    told = [
        element("figure", element("figcaption", title) if title else "", picture)
        for title, picture in figures
        if picture
    ]
    return element("div", *told, **{"class": f"grid {kind}"}) if told else Html()


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> Html:
    """A table that is scrolled by itself where the page is too narrow; nothing without a row."""
    told = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    if not told:
        return Html()
    top = element("thead", element("tr", *(element("th", head) for head in heads))) if heads else Html()
    body = element("table", top, element("tbody", *told))
    return element("div", body, **{"class": "scrolled"})


def beyond(number: int, most: int, what: str) -> str:
    """How many there are that are not shown; empty if all are."""
    return f"{most} of {number} {what} are shown." if number > most else ""


def scrolled(drawn: Html, least: float, most: float) -> Html:
    """What is as wide as its place, within these numbers of pixels; in a narrower place it is scrolled."""
    wide = element("div", drawn, style=f"min-width:{least:.0f}px;max-width:{most:.0f}px")
    return element("div", wide, **{"class": "scrolled"})
