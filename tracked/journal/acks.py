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


def read_ack(journal: Path) -> Ack:
    """The last acknowledgement; at 0 if there is none."""
    try:
        content = ack_of(journal).read_bytes()
    except FileNotFoundError:
        return Ack()
    known = [line.value for line in lines.parse(content) if not line.problem]
    return Ack(known[-1][0], tuple(known[-1][1])) if known else Ack()


def write_ack(journal: Path, ack: Ack) -> None:
    """Acknowledge; this is on the disk when it returns.

    Raises:
        OSError: it is not.
    """
    path, line = ack_of(journal), lines.encode([ack.at, ack.open])
    if path.exists() and path.stat().st_size > LONG:
        disk.replace(path, line, durable=True)
    else:
        disk.append(path, line)
