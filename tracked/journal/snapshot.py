"""Artifacts as they are at the call: copied into the journal folder, so that later changes do not show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import ConfigError
from ..records import Artifact
from .folder import Folder


def taken(
    folder: Folder, run: str, content: Path | str | bytes, name: str | None = None, *, move: bool = False
) -> Iterator[Artifact]:
    """Records of the snapshots of ``content``: bytes, a file, or all files of a folder.

    Raises:
        ConfigError: there is no such path, or bytes came without a name.
        OSError: it cannot be read or kept.
    """
    if isinstance(content, bytes | bytearray | memoryview):
        yield _bytes(folder, run, bytes(content), _clean(name or ""))
        return
    path = Path(content)
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            inner = file.relative_to(path).as_posix()
            yield _file(
                folder, run, file, _clean(f"{name}/{inner}" if name else f"{path.name}/{inner}"), move=move
            )
    elif path.is_file():
        yield _file(folder, run, path, _clean(name or path.name), move=move)
    else:
        raise ConfigError(f"there is no file or folder {str(path)!r} to keep as an artifact")


def _clean(name: str) -> str:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise ConfigError(f"an artifact needs a name inside its run, not {name!r}")
    return "/".join(parts)


def _bytes(folder: Folder, run: str, content: bytes, name: str) -> Artifact:
    stored, path = folder.new_snapshot(name.rpartition("/")[2])
    path.write_bytes(content)
    return Artifact(run, name, stored, len(content))


def _file(folder: Folder, run: str, source: Path, name: str, *, move: bool) -> Artifact:
    # The snapshot is called as the artifact is, because MLflow names an artifact after its file.
    stored, path = folder.new_snapshot(name.rpartition("/")[2])
    if move:
        shutil.move(source, path)
    else:
        _copy(source, path)
    return Artifact(run, name, stored, path.stat().st_size)


def _copy(source: Path, target: Path) -> None:
    """Copy in the kernel where it can (shared blocks on some file systems); never a hard link: those change."""
    with source.open("rb") as read, target.open("xb") as write:
        if hasattr(os, "copy_file_range"):
            try:
                while os.copy_file_range(read.fileno(), write.fileno(), 1 << 30):
                    pass
            except OSError:
                read.seek(write.seek(0, os.SEEK_END))
        shutil.copyfileobj(read, write, 1 << 20)
