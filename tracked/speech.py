"""What is said to the person, on stderr and nowhere else.

At most two lines a root run; warnings once each.  ``TRACKED_SILENT=1`` is silent to the byte,
``TRACKED_VERBOSITY=quiet`` leaves warnings only.  Both are read at the moment of speaking, so that a notebook
can change its mind; what files and code have set for the latter is told by ``speak``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

_QUIET: ContextVar[bool] = ContextVar("tracked_quiet", default=False)
_SAID: set[str] = set()
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
    _CONFIGURED[:] = ["normal", ""]


_LEVELS = {"silent": 0, "quiet": 1, "normal": 2, "verbose": 3}


def _level() -> int:
    if os.environ.get("TRACKED_SILENT", "") not in ("", "0", "false"):
        return _LEVELS["silent"]
    by_file, by_code = _CONFIGURED
    level = by_code or os.environ.get("TRACKED_VERBOSITY") or by_file
    return _LEVELS.get(level, _LEVELS["normal"])


def _write(line: str) -> None:
    # A closed, missing or replaced stderr (pythonw, a daemon, a logger's) is no reason to stop anything.
    with suppress(Exception):
        text = f"tracked: {''.join(c if c.isprintable() else ' ' for c in line)}\n"
        encoding = getattr(sys.stderr, "encoding", None) or "ascii"
        sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
        sys.stderr.flush()
