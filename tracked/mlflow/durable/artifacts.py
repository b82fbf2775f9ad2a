"""The files of a run: kept in the journal as they are at the call, delivered with the rest of the run."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow import get_tracking_uri
from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking._tracking_service import utils

from ..aliases import ARTIFACTS
from .known import unavailable
from .passing import proxied

if TYPE_CHECKING:
    from .store import DurableStore

_MANY = 1000


def global_uri() -> str:
    """The durable store that MLflow looks at: early versions of MLflow 3 do not say whose files they want."""
    return str(get_tracking_uri())


def repository(uri: str, store: DurableStore) -> ArtifactRepository:
    """What opens files under a URI of the durable store's."""
    real = proxied(uri)
    return DurableArtifacts(uri, store) if real is None else _beside(real, store)


def remember(run: str, store: DurableStore) -> None:
    """Let MLflow find the files of a new run without reading it first, which would wait for its delivery."""
    known = getattr(utils, "_artifact_repos_cache", None)
    if isinstance(known, dict):
        while len(known) > _MANY:
            known.pop(next(iter(known)))
        known[run] = DurableArtifacts(ARTIFACTS + run, store)


def _beside(uri: str, store: DurableStore) -> ArtifactRepository:
    return get_artifact_repository(uri, tracking_uri=store.keeper.uri)


class DurableArtifacts(ArtifactRepository):
    """Files below ``tracked-artifacts:/RUN``: what is logged waits for nobody, what is read is delivered first."""

    def __init__(self, artifact_uri: str, store: DurableStore) -> None:
        super().__init__(artifact_uri)
        self.store = store
        self._run, _, self._folder = artifact_uri.removeprefix(ARTIFACTS).strip("/").partition("/")

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Keep the file as it is now."""
        self._keep(Path(local_file), artifact_path or "")

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Keep every file of the folder as it is now."""
        for path in sorted(path for path in Path(local_dir).rglob("*") if path.is_file()):
            inner = path.relative_to(local_dir).parent.as_posix()
            self._keep(path, posixpath.join(artifact_path or "", "" if inner == "." else inner))

    def _keep(self, path: Path, folder: str) -> None:
        path.stat()  # a file that is missing is told as ever
        name = posixpath.join(self._folder, folder, path.name)
        self.store.keep_file(self._run, path, name)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """What the store has, after delivering what was logged."""
        return self._real().list_artifacts(path)

    def download_artifacts(self, *args: Any, **kwargs: Any) -> str:
        """A local copy, after delivering what was logged."""
        return str(self._real().download_artifacts(*args, **kwargs))  # type: ignore[no-untyped-call]

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Remove files, after delivering what was logged."""
        self._real().delete_artifacts(artifact_path)  # type: ignore[no-untyped-call]

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        self._real()._download_file(remote_file_path, local_path)  # type: ignore[no-untyped-call]  # noqa: SLF001

    def _real(self) -> ArtifactRepository:
        if not self.store.passing.delivered():
            raise unavailable(
                "the store does not answer; files that were logged are kept and delivered later"
            )
        return _beside(self.store.passing.artifact_uri(self.artifact_uri), self.store)
