"""How far a journal is delivered: written by the shipper, read by it when it starts again and by who waits."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from . import disk, lines
from .folder import ack_of

LONG = 1 << 16
"""Bytes after which the file is begun anew: only its last line counts."""


class Ack(NamedTuple):
    """What the store has of a journal."""

    at: int = 0
    """Every byte before this one is delivered."""
    open: tuple[str, ...] = ()
    """Runs opened before ``at`` and not closed."""
    freed: tuple[str, ...] = ()
    """Snapshots that are no longer needed: whoever finds one still there removes it."""


def read_ack(journal: Path) -> Ack:
    """The last acknowledgement that can be read; at 0 if there is none: what is sent again does not harm."""
    try:
        content = ack_of(journal).read_bytes()
    except FileNotFoundError:
        return Ack()
    known = [line.value for line in lines.parse(content) if _is_ack(line.value)]
    if not known:
        return Ack()
    at, *names = known[-1]
    return Ack(at, *map(tuple, names))


def _is_ack(value: object) -> bool:
    if not isinstance(value, list) or not 1 <= len(value) <= len(Ack._fields):
        return False
    at, *names = value
    return type(at) is int and at >= 0 and all(map(_are_texts, names))


def _are_texts(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def write_ack(journal: Path, ack: Ack) -> None:
    """Acknowledge; this is on the disk when it returns.

    Raises:
        OSError: it is not.
    """
    path, line = ack_of(journal), lines.encode(list(ack))
    if path.exists() and path.stat().st_size > LONG:
        disk.replace(path, line, durable=True)
    else:
        disk.append(path, line)
