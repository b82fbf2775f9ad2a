"""What the store made of a local id, a run or a refusal: a line for each, written by the shipper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union

from ..ports import RemoteRun
from . import disk, lines
from .folder import Folder

MANY = 10_000
"""Runs that are remembered after their journals are gone."""
_LONG = 4 << 20
"""Bytes from which on the file is worth cutting."""


class Refusal(NamedTuple):
    """The store will never make the run."""

    reason: str


Made = Union[RemoteRun, Refusal]  # noqa: UP007 - a value at run time, on 3.10 too
_TYPES: dict[tuple[type, ...], type[RemoteRun | Refusal]] = {
    (str, str, str, str, bool): RemoteRun,
    (str, str): Refusal,
}
"""What a line holds, our id first."""


def entries(chunk: bytes) -> Iterator[tuple[str, Made]]:
    """The runs that whole lines tell of; a line that tells of none costs itself only."""
    for line in lines.parse(chunk):
        kind = _TYPES.get(tuple(map(type, line.value))) if isinstance(line.value, list) else None
        if kind is not None:
            yield line.value[0], kind(*line.value[1:])


def add(folder: Folder, run: str, made: Made) -> None:
    """Remember a run; this is on the disk when it returns."""
    disk.append(folder.ids, lines.encode([run, *made]))


def read(folder: Folder) -> dict[str, Made]:
    """All that are remembered."""
    return dict(entries(folder.ids.read_bytes() if folder.ids.exists() else b""))


def prune(folder: Folder) -> None:
    """Where no journal is left, remember the last runs only: who still asks for one, asks for a late one."""
    if folder.ids.exists() and folder.ids.stat().st_size > _LONG and not folder.journals():
        late = list(read(folder).items())[-MANY:]
        disk.replace(folder.ids, b"".join(lines.encode([run, *made]) for run, made in late), durable=True)
