"""Writing so that a power cut finds the old content or the new one, never half of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

sync_to_disk = getattr(os, "fdatasync", os.fsync)


def append(path: Path, line: bytes) -> None:
    """Add a line to a file that only its owner may read, and see it on the disk."""
    _write(path, line, os.O_APPEND)


def replace(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Give the file this content; whoever reads it meanwhile has the old one, whole."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        _write(temporary, content, os.O_TRUNC, durable=durable)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes, mode: int, *, durable: bool = True) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, 0o600)
    try:
        if os.write(fd, content) != len(content):
            raise OSError(errno.ENOSPC, "only a part could be written", str(path))
        if durable:
            sync_to_disk(fd)
    finally:
        os.close(fd)
