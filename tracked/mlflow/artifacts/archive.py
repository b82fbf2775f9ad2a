"""A checkpoint folder as one ``tar.gz``: the same files always make the same bytes.  Nothing here needs MLflow."""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from ... import speech
from ...errors import ConfigError
from ...picking import Choice, Picked, Remark, left_out, pick

NAME = "best_trial_checkpoint.tar.gz"
INSIDE = "best_trial_checkpoint"
"""The folder that all members of an archive lie in."""
LEFT_OUT = ("*.tmp", ".cache", "__pycache__", "*.pyc", "*.log")


def create_checkpoint_archive(
    checkpoint_dir: str | os.PathLike[str],
    trial_number: int | None,
    output_path: str | os.PathLike[str] | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Pack a checkpoint folder; the archive is whole when it appears under its name, or it is not there.

    Left out are ``*.tmp``, ``.cache``, ``__pycache__``, ``*.pyc`` and ``*.log``; what cannot be kept, such as a link
    that leaves the folder, is named in the manifest and said once.

    Args:
        checkpoint_dir: the folder.
        trial_number: number of the trial that it is from, for the manifest.
        output_path: the archive; by default ``best_trial_checkpoint.tar.gz`` in a new temporary folder, which is
            the caller's to remove.

    Returns:
        The archive's path and its manifest: ``trial_number, archive_format, extracted_path, files`` (each with
        ``path``, ``size`` in bytes and ``sha256``), ``file_count, total_size, archive_size, archive_sha256,
        skipped, created_at``.

    Raises:
        ConfigError: there is no such folder, nothing in it, or a file changed while it was packed.
        OSError: the archive cannot be written.
    """
    folder = Path(checkpoint_dir)
    if not folder.is_dir():
        raise ConfigError(f"there is no checkpoint folder {str(folder)!r} to pack")
    target = Path(output_path) if output_path is not None else Path(tempfile.mkdtemp(prefix="tracked-"), NAME)
    found = [entry for entry in pick(folder, Choice(exclude=LEFT_OUT)) if _is_other(entry, target)]
    with _appearing(target) as raw:
        files, passed = _pack(found, raw)
        if not files:
            raise ConfigError(f"nothing in {str(folder)!r} can be packed as a checkpoint")
    for left in passed:
        speech.warn_once(f"{left.inner!r} of the checkpoint {str(folder)!r} {left.text}")
    return target, {"trial_number": trial_number, **_described(files, passed), **_sealed(raw)}


def _is_other(entry: Picked | Remark, archive: Path) -> bool:
    """Whether it is not an earlier archive that lies in the folder itself: its bytes would grow for ever."""
    return isinstance(entry, Remark) or not archive.exists() or not entry.path.samefile(archive)


def _described(files: list[dict[str, Any]], passed: list[Remark]) -> dict[str, Any]:
    return {
        "archive_format": "tar.gz",
        "extracted_path": f"{INSIDE}/",
        "files": files,
        "file_count": len(files),
        "total_size": sum(file["size"] for file in files),
        "skipped": [{"path": entry.inner, "reason": entry.text} for entry in passed],
    }


def _sealed(raw: _Tap) -> dict[str, Any]:
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"archive_size": raw.size, "archive_sha256": raw.digest.hexdigest(), "created_at": now}


def _pack(found: list[Picked | Remark], raw: _Tap) -> tuple[list[dict[str, Any]], list[Remark]]:
    files: list[dict[str, Any]] = []
    passed: list[Remark] = []
    # No name and no time in the header of gzip either.
    with (
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for entry in found:
            if isinstance(entry, Remark):
                passed.append(entry)
                continue
            try:
                file = entry.path.open("rb")
            except OSError as error:
                passed.append(left_out(entry.inner, error))
                continue
            with file:
                files.append(_add(tar, entry, file))
    return files, passed


def _add(tar: tarfile.TarFile, entry: Picked, file: BinaryIO) -> dict[str, Any]:
    member = tarfile.TarInfo(f"{INSIDE}/{entry.inner}")
    member.size = os.fstat(file.fileno()).st_size
    content = _Tap(file)
    try:
        tar.addfile(member, content)
    except OSError:
        if content.size == member.size:
            raise  # it is the archive that cannot be written
    if content.size != member.size or os.fstat(file.fileno()).st_size != member.size:
        raise ConfigError(f"{str(entry.path)!r} changed while it was packed; pack it again")
    return {"path": entry.inner, "size": member.size, "sha256": content.digest.hexdigest()}


class _Tap:
    """A file whose bytes are counted and hashed as they pass."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest, self.size = sha256(), 0

    def read(self, size: int = -1) -> bytes:
        return self._passing(self._file.read(size))

    def write(self, content: bytes) -> int:
        return self._file.write(self._passing(content))

    def flush(self) -> None:
        self._file.flush()

    def _passing(self, content: bytes) -> bytes:
        self.digest.update(content)
        self.size += len(content)
        return content


@contextmanager
def _appearing(target: Path) -> Iterator[_Tap]:
    """A file that has its name only when it is whole."""
    fresh = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    try:
        with fresh.open("xb") as file:
            yield _Tap(file)
        fresh.replace(target)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
