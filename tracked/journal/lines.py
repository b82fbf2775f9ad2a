"""Checksummed lines: the one file format of journals, acknowledgements and ids.

A line is a newline, the CRC-32 of its body as 8 hex digits, a blank, a body of JSON, and a newline.  The newline
before it keeps it apart from a line that a full disk or a crash has torn; the newline behind it says that it is
whole.  So every byte belongs to one line, and damage to it costs that line only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from zlib import crc32

import orjson


class Line(NamedTuple):
    """One line of a file, read."""

    start: int
    """Offset of its first byte."""
    value: Any
    """What it holds; None for a bad line."""
    problem: str = ""
    """Why the line is bad; empty for a good one."""


def line_of(body: bytes) -> bytes:
    """The bytes to append for this JSON body."""
    return b"\n%08x %b\n" % (crc32(body), body)


def encode(value: Any) -> bytes:
    """The bytes to append for this JSON-able value."""
    return line_of(orjson.dumps(value))


def whole(chunk: bytes) -> bytes:
    """``chunk`` without a last line that may still be on its way, because its writer lives."""
    return chunk[: chunk.rfind(b"\n") + 1]


def parse(chunk: bytes, at: int = 0) -> Iterator[Line]:
    """The lines of ``chunk``, which was read from offset ``at`` of a file."""
    for text in chunk.split(b"\n"):
        if text:
            yield Line(at, *_read(text))
        at += len(text) + 1


def _read(text: bytes) -> tuple[Any, str]:
    body = text[9:]
    try:
        if int(text[:8], 16) != crc32(body):
            return None, "its checksum does not fit"
        return orjson.loads(body), ""
    except ValueError as error:
        return None, f"no JSON: {error}" if text.strip(b"\0") else "a hole of zero bytes"
