"""Which commit the code is at, read from the repository's own files: no process is started for it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_LINKS = 5
"""A reference that names a reference, and so on: more are a circle."""


class Code(NamedTuple):
    """A working tree, and the commit that it stands on."""

    folder: str
    """The top of the working tree."""
    commit: str = ""
    """Empty where nothing is committed yet, or the files do not tell it."""
    branch: str = ""
    """Empty where no branch is checked out."""


def code_here() -> Code | None:
    """The working tree that the program is from: that of its script, else that of the working folder."""
    return next(filter(None, map(_tree_around, _places())), None)


def _places() -> Iterator[Path]:
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    # What is installed starts the code of others: pytest, torchrun, a notebook's kernel.
    if script and not Path(script).resolve().is_relative_to(Path(sys.prefix).resolve()):
        yield Path(script).resolve().parent
    with suppress(OSError):  # the working folder may be gone
        yield Path.cwd()


def _tree_around(folder: Path) -> Code | None:
    for top in (folder, *folder.parents):
        with suppress(OSError, ValueError):
            if (git := _git_folder(top / ".git")) is not None:
                return Code(str(top), *_head(git))
    return None


def _git_folder(found: Path) -> Path | None:
    """The folder that ``.git`` is, or that it names: of a worktree or a submodule."""
    if found.is_dir():
        return found
    if not found.is_file():
        return None
    named = found.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
    return found.parent / named if named else None


def _head(git: Path) -> tuple[str, str]:
    told = _first_line(git / "HEAD")
    branch = told.partition("ref: refs/heads/")[2]
    for _ in range(_LINKS):
        if not told.startswith("ref:"):
            break
        told = _reference(git, told.partition("ref:")[2].strip())
    return told if _COMMIT.fullmatch(told) else "", "" if branch == ".invalid" else branch


def _reference(git: Path, name: str) -> str:
    """What a reference says: in a file of its own, else in the list of packed ones."""
    shared = _first_line(git / "commondir")
    for folder in (git, git / shared) if shared else (git,):
        if told := _first_line(folder / name):
            return told
    packed = (git / shared if shared else git) / "packed-refs"
    with suppress(OSError):
        for line in packed.read_text(encoding="utf-8", errors="replace").splitlines():
            commit, _, named = line.partition(" ")
            if named == name:
                return commit
    return ""


def _first_line(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    return ""
