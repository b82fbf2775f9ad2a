"""What is said to the person, on stderr and nowhere else.

At most two lines a root run; warnings once each; in a terminal, what goes on is one line more, drawn anew.
``TRACKED_SILENT=1`` is silent to the byte, ``TRACKED_VERBOSITY=quiet`` leaves warnings only.  Both are read at the
moment of speaking, so that a notebook can change its mind; what files and code have set for the latter is told by
``speak``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

_QUIET: ContextVar[bool] = ContextVar("tracked_quiet", default=False)
_SAID: set[str] = set()
_NAME, _RETURN = "tracked: ", "\r"
_COLUMNS = 80
"""Characters of a line, where the terminal does not tell."""
_SHOWN = [""]
"""The line that is drawn anew at the bottom of a terminal; empty if there is none."""
_CONFIGURED = ["normal", ""]
"""The level that files set, which the environment beats, and the one that code has set, which beats it."""


def say(line: str) -> None:
    """One line of normal speech: the start and the end of a root run."""
    if is_normal():
        _write(line)


@contextmanager
def hushed() -> Iterator[None]:
    """No normal speech inside this block; warnings are still said."""
    token = _QUIET.set(True)
    try:
        yield
    finally:
        _QUIET.reset(token)


def speak(verbosity: str, by_code: bool) -> None:  # noqa: FBT001 - where it was set
    """Speak so much from now on; ``TRACKED_VERBOSITY`` goes before what was not set by code."""
    _CONFIGURED[:] = ["normal", verbosity] if by_code else [verbosity, ""]


def is_normal() -> bool:
    """Whether normal speech is heard here and now."""
    return _level() >= _LEVELS["normal"] and not _QUIET.get()


def show(line: str) -> None:
    """Draw this line at the bottom of the terminal, in the place of the one before; an empty one takes it away.

    Where bars of tqdm's are alive there is no room for it, and elsewhere than in a terminal there is no such line.
    """
    if (is_normal() and is_terminal() and not _bars()) or not line:
        _redraw(line)


def is_terminal() -> bool:
    """Whether somebody sees stderr as it is written, and a line there can be drawn anew."""
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # none, or closed
        return False


def is_utf() -> bool:
    """Whether stderr knows all characters."""
    return (getattr(sys.stderr, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def whisper(line: str) -> None:
    """One line that only somebody who asked for ``verbose`` hears."""
    if _level() >= _LEVELS["verbose"]:
        _write(line)


def warn_once(line: str, about: str | None = None) -> None:
    """Say ``line``, unless something was already said ``about`` the same matter in this process."""
    about = about or line
    if about not in _SAID:
        _SAID.add(about)
        if _level() > _LEVELS["silent"]:
            _write(line)


def forget() -> None:
    """Let every warning be said again; for tests and for a new set-up."""
    _SAID.clear()
    _SHOWN[:] = [""]
    _CONFIGURED[:] = ["normal", ""]


_LEVELS = {"silent": 0, "quiet": 1, "normal": 2, "verbose": 3}


def _level() -> int:
    if os.environ.get("TRACKED_SILENT", "") not in ("", "0", "false"):
        return _LEVELS["silent"]
    by_file, by_code = _CONFIGURED
    level = by_code or os.environ.get("TRACKED_VERBOSITY") or by_file
    return _LEVELS.get(level, _LEVELS["normal"])


def _write(line: str) -> None:
    shown = _SHOWN[0]
    _redraw("")
    # A closed, missing or replaced stderr (pythonw, a daemon, a logger's) is no reason to stop anything.
    with suppress(Exception):
        text = f"{_fitting(line)}\n"
        if bars := _bars():
            # tqdm takes its bars away, and draws them again below.
            bars.write(text, file=sys.stderr, end="")
        else:
            sys.stderr.write(text)
            sys.stderr.flush()
    show(shown)


def _redraw(line: str) -> None:
    if not line and not _SHOWN[0]:
        return
    with suppress(Exception):
        # Blanks, and not the codes of a terminal: there are some that would print those.
        width = (os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS) - 1
        text = _fitting(line)[:width] if line else ""
        sys.stderr.write(f"\r{text:<{min(width, len(_SHOWN[0]) + len(_NAME))}}{'' if text else _RETURN}")
        sys.stderr.flush()
    _SHOWN[:] = [line]


def _fitting(line: str) -> str:
    """The line as the stream can take it, and without what a terminal might obey."""
    text = f"{_NAME}{''.join(c if c.isprintable() else ' ' for c in line)}"
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    return text.encode(encoding, "replace").decode(encoding)


def _bars() -> Any:
    """tqdm, if bars of its are alive; it is never loaded for this."""
    tqdm = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    return tqdm if getattr(tqdm, "_instances", None) else None
