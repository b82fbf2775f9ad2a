"""How commands print: what a store holds is data, never an order to the terminal."""

from __future__ import annotations

import codecs
import json
import math
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

_STATUS_COLOURS = {
    "FINISHED": "green",
    "RUNNING": "cyan",
    "SCHEDULED": "cyan",
    "FAILED": "red",
    "KILLED": "yellow",
}


def say(text: str = "", *, err: bool = False) -> None:
    """Print this on stdout, or on stderr; a character that the stream does not know is written as its number."""
    encoding = _encoding(sys.stderr if err else sys.stdout)
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err, color=is_coloured())


def note(text: str) -> None:
    """Tell the person something beside what was asked for."""
    say(f"Note: {safe(text)}", err=True)


def say_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object in one line of ASCII; NaN and infinities, which JSON has not, as texts."""
    click.echo(json.dumps(_plain(value), allow_nan=False, default=str))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def safe(text: Any) -> str:
    """The text with every character that a terminal might obey, or that hides others, as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def safe_lines(text: str) -> str:
    """The same, line by line."""
    return "\n".join(map(safe, text.split("\n")))


def is_utf() -> bool:
    """Whether stdout knows all characters."""
    return codecs.lookup(_encoding(sys.stdout)).name.startswith("utf")


def _encoding(stream: Any) -> str:
    return getattr(stream, "encoding", None) or "ascii"


def is_coloured() -> bool:
    """Whether colours are wanted: NO_COLOR forbids them, FORCE_COLOR asks for them, else a terminal has them."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def status_painted(status: str) -> str:
    """The word in its colour, where colours are wanted."""
    colour = _STATUS_COLOURS.get(status.strip())
    return click.style(status, fg=colour) if colour and is_coloured() else status


def heading(text: str) -> str:
    """The text as a heading, where there are such."""
    return click.style(text, bold=True) if is_coloured() else text


def width() -> int:
    """Characters of a line: COLUMNS, else those of the terminal; 0, for any, where nobody looks."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 0
