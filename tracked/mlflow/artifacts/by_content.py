"""Files of a run found by what is in them, whatever they are called there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ...errors import ArtifactNotFound, DigestMismatch
from . import manifest
from .repository import Repository
from .upload import manifests


def fetch_by_content(repository: Repository, files: Mapping[str, tuple[int, str]], top: Path) -> None:
    """Fetch files with these contents to ``top/name``; one called ``""`` is ``top`` itself.

    Args:
        repository: the run's artifacts.
        files: bytes and SHA-256 by name.
        top: where they go; what lies there already is written over.

    Raises:
        ArtifactNotFound: the run has no file with such a content, or a name leads out of ``top``.
        DigestMismatch: the store gives something else.
        BackendUnavailable, OSError.
    """
    known = manifest.merged(manifests(repository).values())
    names = {(entry.size, entry.sha256): name for name, entry in known.items() if not entry.is_gone}
    for name, content in files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            raise ArtifactNotFound(f"{name!r} leads out of its folder")
        if content not in names:
            raise ArtifactNotFound(f"the run has no artifact with the content of {name or top.name!r}")
        _get(repository, names[content], content, top / name if name else top)


def _get(repository: Repository, name: str, content: tuple[int, str], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    repository.get(name, target)
    got = manifest.measured(target)
    if (got.size, got.sha256) != content:
        target.unlink()
        raise DigestMismatch(
            f"artifact {name!r} is not what was sent: {got.size} bytes, {got.sha256[:12]}..."
        )
