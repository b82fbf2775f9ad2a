"""Checksummed lines: the one file format of journals, acknowledgements and ids.

A line is a newline, the CRC-32 of its body as 8 hex digits, a blank, and a body of JSON.  It *begins* with the
newline, so that a line torn by a full disk or a crash spoils only itself: the next one starts clean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from zlib import crc32

import orjson


class Line(NamedTuple):
    """One line of a file, read."""

    start: int
    """Offset of its newline."""
    end: int
    """Offset behind its last byte."""
    value: Any
    """What it holds; None for a bad line."""
    problem: str = ""
    """Why the line is bad; empty for a good one."""


def line_of(body: bytes) -> bytes:
    """The bytes to append for this JSON body."""
    return b"\n%08x %b" % (crc32(body), body)


def encode(value: Any) -> bytes:
    """The bytes to append for this JSON-able value."""
    return line_of(orjson.dumps(value))


def parse(chunk: bytes, at: int = 0, *, ended: bool = True) -> Iterator[Line]:
    """The lines of ``chunk``, which was read from offset ``at`` of a file.

    Unless the file has ``ended`` (its writer is gone), a bad last line may still be on its way: it is left out,
    to be read again later.
    """
    start = 0
    while start < len(chunk):
        found = chunk.find(b"\n", start + 1)
        end = len(chunk) if found < 0 else found
        value, problem = _read(chunk[start:end].lstrip(b"\n"))
        if problem and found < 0 and not ended:
            return
        if value is not None or problem:
            yield Line(at + start, at + end, value, problem)
        start = end


def _read(text: bytes) -> tuple[Any, str]:
    if not text.strip(b"\0"):
        return None, "a hole of zero bytes" if text else ""
    body = text[9:]
    try:
        if len(text) < 10 or int(text[:8], 16) != crc32(body):
            return None, "its checksum does not fit"
        return orjson.loads(body), ""
    except (ValueError, RecursionError) as error:
        return None, f"no JSON: {error}"
