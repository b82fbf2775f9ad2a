"""The reading end: records from where one left off, and who wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..records import BadRecord, Record, from_json
from . import lines

WINDOW = 1 << 20
"""Bytes read at once; a longer line is read whole all the same."""


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
        _take(line, window)
    return window


def _stretch(path: Path, at: int, size: int, *, ended: bool) -> bytes:
    """Bytes that end with a line: a torn one only where nothing comes behind it any more."""
    with path.open("rb") as file:
        file.seek(at)
        chunk = file.read(size)
    if len(chunk) < size:
        return chunk if ended else lines.whole(chunk)
    # One line may be longer than the window.
    return lines.whole(chunk) or _stretch(path, at, 4 * size, ended=ended)


def _take(line: lines.Line, window: Window) -> None:
    if line.problem:
        window.bad.append(Bad(line.start, line.problem))
    elif not _is_header(line.value):
        try:
            window.records.append((line.start, from_json(line.value)))
        except BadRecord as error:
            window.bad.append(Bad(line.start, str(error)))


def _is_header(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and value[0] == "writer" and isinstance(value[1], dict)


def writer_of(path: Path) -> Mapping[str, Any]:
    """What the journal's first line says of its writer; empty if it says nothing."""
    with path.open("rb") as file:
        for line in lines.parse(file.read(4096)):
            return line.value[1] if _is_header(line.value) else {}
    return {}
