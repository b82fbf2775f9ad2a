"""Files and folders that were returned: noted by content, and found again by it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .paths import exists, holds_everything
from .stored import PATH, NotStorable

Files = Mapping[str, tuple[int, str]]
"""Bytes and SHA-256 of each file, by its name below the folder; one file is called ``""``."""
_BLOCK = 1 << 20


def noted(path: Path) -> dict[str, Any]:
    """What is noted of a path: its text and, if something is there, the content of each file.

    Raises:
        NotStorable: it is the working or home folder, or one above.
        OSError: it cannot be read.
    """
    if not exists(path):
        return {PATH: str(path)}
    if holds_everything(path):
        raise NotStorable(f"{path} is the whole working or home folder")
    return {PATH: str(path), "files": contents(path)}


def contents(path: Path) -> dict[str, tuple[int, str]]:
    """Bytes and digest of a file, or of each file of a folder.

    Raises:
        OSError: one cannot be read.
    """
    if not path.is_dir():
        return {"": _measured(path)}
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return {file.relative_to(path).as_posix(): _measured(file) for file in files}


def recalled(note: Mapping[str, Any], fetch: Callable[[Path, Files], Path]) -> Path:
    """The path, where its content is as it was; else what ``fetch`` gives, which has it from elsewhere.

    Raises:
        TrackedError, OSError, ValueError, KeyError: it cannot be had.
    """
    path = Path(note[PATH])
    if "files" not in note:
        return path
    files = {str(name): (int(size), str(sha256)) for name, (size, sha256) in note["files"].items()}
    return path if is_there(path, files) else fetch(path, files)


def is_there(path: Path, files: Files) -> bool:
    """Whether the path has this content; sizes first, since a model that changed is seldom as large as before."""
    if not exists(path):
        return False
    there = {"": path} if not path.is_dir() else {name: path / name for name in files}
    if there.keys() != files.keys() or not all(file.is_file() for file in there.values()):
        return False
    if any(file.stat().st_size != files[name][0] for name, file in there.items()):
        return False
    return contents(path) == files


def _measured(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
