"""Which files of a folder are kept, and what there is to say of the others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

Patterns = str | Iterable[str]
"""One glob or several.  Without ``/`` a glob is held against each part of a path, so that ``__pycache__`` means
all that is in such a folder; with ``/`` against the whole path below the folder.  ``*`` goes across folders."""


class Picked(NamedTuple):
    """A file to keep."""

    inner: str
    """Its path below the folder, with ``/``."""
    path: Path
    size: int


class Remark(NamedTuple):
    """What a person should know of a file that was asked for: mostly, why it is left out."""

    inner: str
    text: str
    """Goes on where the file's name stands first."""


def left_out(inner: str, why: str | OSError) -> Remark:
    """The remark on a file that is not kept."""
    if isinstance(why, OSError):
        why = f"it cannot be read ({why.strerror or why})"
    return Remark(inner, f"is left out: {why}")


class Choice(NamedTuple):
    """Which files are wanted."""

    include: Patterns = ()
    """If given, only what one of these globs matches."""
    exclude: Patterns = ()
    """Nothing that one of these globs matches."""
    max_bytes: int | None = None
    """No file that is larger."""

    def too_large(self, inner: str, size: int) -> Remark | None:
        """Why a file of this size is left out, if it is."""
        if self.max_bytes is None or size <= self.max_bytes:
            return None
        limit = f"artifact_max_bytes ({self.max_bytes:,}); raise that setting to keep it"
        return left_out(inner, f"its {size:,} bytes are more than {limit}")


ALL = Choice()


def pick(folder: Path, choice: Choice = ALL) -> Iterator[Picked | Remark]:
    """The files of an existing folder that are chosen, in a fixed order; links are followed inside it only."""
    wanted, unwanted = _globs(choice.include), _globs(choice.exclude)
    top = os.path.realpath(folder)
    for found in _walk(folder, "", top, (top,)):
        if _matches(found.inner, unwanted) or (wanted and not _matches(found.inner, wanted)):
            continue
        yield (isinstance(found, Picked) and choice.too_large(found.inner, found.size)) or found


def _globs(patterns: Patterns) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)


def _matches(inner: str, patterns: Sequence[str]) -> bool:
    return any(_means(pattern.removeprefix("**/").rstrip("/"), inner) for pattern in patterns)


def _means(pattern: str, inner: str) -> bool:
    if "/" in pattern:
        return fnmatchcase(inner, pattern) or fnmatchcase(inner, f"{pattern}/*")
    return any(fnmatchcase(part, pattern) for part in inner.split("/"))


def _walk(folder: Path, inner: str, top: str, above: tuple[str, ...]) -> Iterator[Picked | Remark]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - the names are what is sorted
    except OSError as error:
        yield left_out(inner or ".", error)
        return
    for name in names:
        yield from _look(folder / name, f"{inner}{name}", top, above)


def _look(path: Path, inner: str, top: str, above: tuple[str, ...]) -> Iterator[Picked | Remark]:
    real = os.path.realpath(path)
    try:
        status = os.stat(real)  # noqa: PTH116 - it is a text
    except OSError as error:
        yield left_out(inner, error)
        return
    if real != top and os.path.commonpath((real, top)) != top:
        yield left_out(inner, f"it is a link that leaves the folder, to {real}")
    elif stat.S_ISREG(status.st_mode):
        yield Picked(inner, path, status.st_size)
    elif not stat.S_ISDIR(status.st_mode):
        yield left_out(inner, "it is neither a file nor a folder")
    elif real in above:
        yield left_out(inner, "it is a link to a folder that it lies in")
    else:
        yield from _walk(path, f"{inner}/", top, (*above, real))
