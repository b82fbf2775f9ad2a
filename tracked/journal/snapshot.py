"""Artifacts as they are at the call: copied into the journal folder, so that later changes do not show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError
from ..picking import ALL, Choice, Picked, Remark, left_out, pick
from ..ports import OURS
from ..records import Artifact
from .folder import Folder


class Shelf(NamedTuple):
    """Where copies go, and how."""

    folder: Folder
    owner: str = ""
    """Stem of the journal that tells of them."""
    move: bool = False
    """Take the files away instead of copying them."""


def taken(
    shelf: Shelf, run: str, content: Path | str | bytes, name: str | None = None, choice: Choice = ALL
) -> Iterator[Artifact | Remark]:
    """The record of a snapshot of ``content``, which is bytes, a file or a folder, and remarks on its files.

    A file that cannot be read, or must not be kept, costs itself only.

    Raises:
        ConfigError: there is no such path, or bytes came without a name.
        OSError: nothing can be kept.
    """
    if isinstance(content, bytes | bytearray | memoryview):
        yield from _bytes(shelf, run, content, _clean(name or ""), choice)
        return
    path = Path(content)
    clean = _clean(name or path.name or path.resolve().name)
    if path.is_dir():
        yield from _several(shelf, Artifact(run, clean, "", 0), pick(path, choice))
    elif path.is_file():
        yield from _one(shelf, Artifact(run, clean, "", 0), path, choice)
    else:
        raise ConfigError(f"there is no file or folder {str(path)!r} to keep as an artifact")


def _clean(name: str) -> str:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise ConfigError(f"an artifact needs a name inside its run, not {name!r}")
    if parts[0] == OURS:
        raise ConfigError(
            f"{OURS!r} among a run's artifacts is kept for manifests: {name!r} needs another name"
        )
    return "/".join(parts)


def _bytes(
    shelf: Shelf, run: str, content: bytes | bytearray | memoryview, name: str, choice: Choice
) -> Iterator[Artifact | Remark]:
    size = memoryview(content).nbytes
    if large := choice.too_large(name, size):
        yield large
        return
    stored, path = _place(shelf, name)
    path.write_bytes(content)
    yield Artifact(run, name, stored, size)


def _place(shelf: Shelf, name: str) -> tuple[str, Path]:
    # The snapshot is called as the artifact is, because MLflow names an artifact after its file.
    return shelf.folder.new_snapshot(name.rpartition("/")[2], shelf.owner)


def _one(shelf: Shelf, artifact: Artifact, path: Path, choice: Choice) -> Iterator[Artifact | Remark]:
    if large := choice.too_large(path.name, path.stat().st_size):
        yield large
        return
    stored, target = _place(shelf, artifact.name)
    try:
        changed = _keep(path, target, move=shelf.move)
    except OSError:
        shelf.folder.free(stored)
        raise
    if changed:
        yield Remark(path.name, CHANGED)
    yield artifact._replace(stored=stored, size=target.stat().st_size)


CHANGED = "changed while it was copied: what is kept may be partly old and partly new"


def _several(
    shelf: Shelf, artifact: Artifact, found: Iterator[Picked | Remark]
) -> Iterator[Artifact | Remark]:
    stored, top = _place(shelf, artifact.name)
    total, kept = 0, False
    # A link must be followed before what it leads to is moved away.
    for entry in sorted(found, key=_is_no_link) if shelf.move else found:
        if isinstance(entry, Remark):
            yield entry
            continue
        target = top / entry.inner
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if _keep(entry.path, target, move=shelf.move):
                yield Remark(entry.inner, CHANGED)
            total, kept = total + target.stat().st_size, True
        except OSError as error:
            target.unlink(missing_ok=True)
            yield left_out(entry.inner, error)
    if kept:
        yield artifact._replace(stored=stored, size=total)
    else:
        shelf.folder.free(stored)
        yield left_out(artifact.name, "there is no file in it to keep")


def _is_no_link(entry: Picked | Remark) -> bool:
    return isinstance(entry, Picked) and not entry.path.is_symlink()


def _keep(source: Path, target: Path, *, move: bool) -> bool:
    """Copy or move a file; whether it changed meanwhile."""
    if not move:
        return _copy(source, target)
    if source.is_symlink():
        changed = _copy(source, target)
        source.unlink()
        return changed
    shutil.move(source, target)
    return False


def _copy(source: Path, target: Path) -> bool:
    """Copy in the kernel where it can (shared blocks on some file systems); never a hard link: those change."""
    with source.open("rb") as read, target.open("xb") as write:
        before = os.fstat(read.fileno())
        if hasattr(os, "copy_file_range"):
            try:
                while os.copy_file_range(read.fileno(), write.fileno(), 1 << 30):
                    pass
            except OSError:
                read.seek(write.seek(0, os.SEEK_END))
        shutil.copyfileobj(read, write, 1 << 20)
        after = os.fstat(read.fileno())
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
