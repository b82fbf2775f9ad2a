"""A bundle: journals and copies of artifacts in one file, to be carried to a machine that reaches the store.

It is a plain tar of regular files, ``stores/0/...`` laid out as a journal folder is, and ``manifest.json`` at its
end with the digest of each: a bundle without it was cut off.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..errors import BundleError
from .folder import Folder, ack_of, owner_of

FORMAT = "tracked bundle 1"
MANIFEST = "manifest.json"


class Part(NamedTuple):
    """The journals of one folder that go into a bundle."""

    folder: Folder
    uri: str
    """Their store, without credentials."""
    journals: Sequence[Path]


def pack(parts: Sequence[Part], out: Path) -> None:
    """Write a bundle that only its owner may read.

    Raises:
        BundleError: the file is there already, or what it should hold is being delivered.
        OSError: it cannot be written.
    """
    if out.exists():
        raise BundleError(f"{out} is there already")
    unfinished = out.with_name(f".{out.name}.{os.urandom(8).hex()}")
    try:
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with (
            os.fdopen(fd, "wb") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            stores = [_packed(tar, f"stores/{number}/", part) for number, part in enumerate(parts)]
            _add_manifest(tar, {"format": FORMAT, "stores": stores})
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _packed(tar: tarfile.TarFile, top: str, part: Part) -> dict[str, Any]:
    """Add the files of one store; gives what the manifest says of it."""
    try:
        before = _acks(part)
        # The marks come first: a run that a mark calls known is among the ids that are read after it.
        files = {name: _added(tar, top + name, path) for name, path in _files(part)}
        unchanged = before == _acks(part)
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        raise BundleError(f"{part.uri} was reached while its journals were packed: they are being delivered")
    return {"uri": part.uri, "files": files}


def _acks(part: Part) -> list[bytes]:
    marks = [ack_of(journal) for journal in part.journals]
    return [mark.read_bytes() if mark.exists() else b"" for mark in marks]


def _files(part: Part) -> Iterator[tuple[str, Path]]:
    for journal in part.journals:
        if (mark := ack_of(journal)).exists():
            yield mark.name, mark
        yield journal.name, journal
    for owner in sorted(set(map(owner_of, part.journals))):
        for found in sorted(part.folder.files.glob(f"{owner}.*/**/*")):
            if found.is_file() and not found.is_symlink():
                yield found.relative_to(part.folder.path).as_posix(), found
    if part.folder.ids.exists():
        yield part.folder.ids.name, part.folder.ids


class _Digested:
    """A file that is read once, with its digest."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self.digest.update(chunk)
        return chunk


def _added(tar: tarfile.TarFile, name: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        status, source = os.fstat(file.fileno()), _Digested(file)
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = status.st_size, status.st_mtime, 0o600
        tar.addfile(info, source)
    return {"size": info.size, "sha256": source.digest.hexdigest()}


def _add_manifest(tar: tarfile.TarFile, manifest: Mapping[str, Any]) -> None:
    content = json.dumps(manifest).encode("ascii")
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))
