"""The reading end: records from where one left off, and who wrote them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import process
from ..records import BadRecord, Record, from_json
from . import lines

WINDOW = 1 << 20
"""Bytes read at once; a longer line is read whole all the same."""
HEAD = 4096
"""Bytes within which a journal tells its writer."""
_NAME = re.compile(r"(?P<time>\d{13})-(?P<pid>\d{1,10})-[0-9a-f]{8}(_\d+)?")
"""How the writer calls its journals."""


class Bad(NamedTuple):
    """A line that no record could be read from."""

    offset: int
    reason: str


class Window(NamedTuple):
    """A stretch of a journal."""

    records: list[tuple[int, Record]]
    """Each record with the offset of its line."""
    bad: list[Bad]
    end: int
    """Where the next window begins."""


def read_window(path: Path, at: int, *, ended: bool, size: int = WINDOW) -> Window:
    """Read on from offset ``at``; ``ended`` says that no process writes this file any more."""
    chunk = _stretch(path, at, size, ended=ended)
    window = Window([], [], at + len(chunk))
    for line in lines.parse(chunk, at):
        _take(window, *line)
    return window


def _take(window: Window, start: int, value: Any, problem: str) -> None:
    if problem:
        window.bad.append(Bad(start, problem))
        return
    try:
        window.records.append((start, from_json(value)))
    except BadRecord as error:
        if not is_header(value):
            window.bad.append(Bad(start, str(error)))


def _stretch(path: Path, at: int, size: int, *, ended: bool) -> bytes:
    """Bytes that end with a line: a torn one only where nothing comes behind it any more."""
    with path.open("rb") as file:
        file.seek(at)
        chunk = file.read(size)
    if len(chunk) < size:
        return chunk if ended else lines.whole(chunk)
    # One line may be longer than the window.
    return lines.whole(chunk) or _stretch(path, at, 4 * size, ended=ended)


def is_header(value: Any) -> bool:
    """Whether the line tells who writes the journal."""
    return isinstance(value, list) and len(value) == 2 and value[0] == "writer" and isinstance(value[1], dict)


def writer_of(path: Path) -> Mapping[str, Any]:
    """What the journal's first line says of its writer; empty if it says nothing.

    If that line is damaged, the journal's name still tells the pid: a writer that lives is not taken for dead.
    """
    with path.open("rb") as file:
        for line in lines.parse(file.read(HEAD)):
            if line.problem and (named := _NAME.fullmatch(path.stem)):
                return process.who_was(int(named["pid"]), int(named["time"]))
            return line.value[1] if is_header(line.value) else {}
    return {}
