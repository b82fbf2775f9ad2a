"""Paths that are results, and those that must not be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .values import Keep


def exists(path: Path) -> bool:
    """Whether there is such a file or folder, as far as can be told."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def holds_everything(path: Path) -> bool:
    """Whether it is the working or home folder, or one above: nobody means all of that as a result."""
    top = path.resolve()
    return any(place.resolve().is_relative_to(top) for place in _places())


def _places() -> Iterator[Path]:
    with suppress(OSError):  # it was removed
        yield Path.cwd()
    with suppress(RuntimeError):  # the user has none
        yield Path.home()


def keep_path(path: Path, name: str, keep: Keep) -> None:
    """The file or folder, as it is now."""
    keep(path, name)
