"""A report as a browser takes it: what is open is closed, what it shows, what it would fetch."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}
FETCHES = {"src", "srcset", "data", "xlink:href", "poster", "action", "background"}
"""Attributes by which a page gets something from elsewhere."""


class Page(HTMLParser):
    """The elements of a page; an element that is not closed in its place is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.headings: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.paths: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert not FETCHES & given.keys(), (tag, given)
        assert not [name for name in given if name.startswith("on")], (tag, given)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag == "path":
            self.paths.append((given.get("class") or "", given["d"] or ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "h2":
            self.headings.append(data)
        if not self._open or self._open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        """What is read on it."""
        return " ".join(self.texts)


def read(text: str) -> Page:
    """The page, which must be whole, ask for nothing from elsewhere and run nothing."""
    page = Page(text)
    assert not {"script", "iframe", "object", "embed", "img", "link"} & set(page.tags)
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    for _, d in page.paths:
        assert re.fullmatch(r"[MLCVh0-9. e+-]*", d), d
    return page
