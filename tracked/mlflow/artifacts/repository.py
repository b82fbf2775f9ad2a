"""The artifacts of one run, whatever store MLflow keeps them in: the one place that calls MLflow's repositories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from shutil import copyfile
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from mlflow import MlflowClient
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from ...errors import Refused
from ..faults import told
from .builders import repository_of


class Repository:
    """Reads and writes by name; what MLflow raises leaves it as ``Refused`` or ``BackendUnavailable``.

    Raises:
        Refused: there is no such run.
        BackendUnavailable: the store does not answer.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        with told():
            self._repo = repository_of(client, run_id)
        is_local = isinstance(self._repo, LocalArtifactRepository)
        self.folder = Path(str(self._repo.artifact_dir)) if is_local else None
        """Where the files lie, if that is a folder of this machine."""
        self.is_write_once = str(getattr(self._repo, "artifact_uri", "")).startswith("azureml:")
        """Whether a name that was written can never be written again."""
        if self.folder is not None and not self.folder.is_absolute():
            # It would be another folder in each process.
            raise Refused(
                f"the store keeps the run's files in {str(self.folder)!r}, which does not say where that is"
            )

    def put(self, source: Path, name: str) -> None:
        """Store the file under ``name``; in a folder of this machine as a second name of our copy, if that can be."""
        path = self._checked(name)
        if self.folder is not None and _linked(source, self.folder / path):
            return
        folder = str(path.parent) if path.parent.name else None
        with told(), _called(source, path.name) as local:
            self._repo.log_artifact(str(local), folder)

    def sizes(self, folder: str) -> dict[str, int | None]:
        """Names and bytes of what lies in the folder ("" is the top); -1 for a folder, None where it is not told."""
        with told():
            found = self._repo.list_artifacts(folder or None)
        # Azure's plugin tells no sizes, and lists `step-10/x` among what is in `step-1`.
        return {
            info.path: -1 if info.is_dir else None if info.file_size == -1 else info.file_size
            for info in found
            if info.path.rpartition("/")[0] == folder
        }

    def files(self, folder: str) -> dict[str, int | None]:
        """Names and bytes of all files below the folder."""
        found: dict[str, int | None] = {}
        for name, size in self.sizes(folder).items():
            found.update({name: size} if size != -1 else self.files(name))
        return found

    def get(self, name: str, target: Path) -> None:
        """Fetch a file."""
        path = self._checked(name)
        with told():
            self._repo._download_file(str(path), str(target))  # noqa: SLF001 - the one that asks nothing first

    def read(self, name: str) -> bytes:
        """The bytes of a small file."""
        with TemporaryDirectory(prefix="tracked-") as folder:
            self.get(name, Path(folder, "file"))
            return Path(folder, "file").read_bytes()

    def remove(self, name: str) -> None:
        """Take a file away; nothing if it is not there."""
        path = self._checked(name)
        with told():
            self._repo.delete_artifacts(str(path))
        if self.folder is not None:
            _prune(self.folder, self.folder / name)

    def _checked(self, name: str) -> PurePosixPath:
        """The name, if it is one, and arrives as it is: over http it becomes a part of an address unquoted.

        Raises:
            Refused: it is none, or would be that of another file.
        """
        path = PurePosixPath(name)
        # MLflow reports such a name as an internal error, as it does a broken network.
        if not path.name or path.is_absolute() or ".." in path.parts:
            raise Refused(f"{name!r} is no name for an artifact")
        if isinstance(self._repo, HttpArtifactRepository) and not _is_plain(name):
            raise Refused(
                f"MLflow's server would store {name!r} under another name; give the file a plain one"
            )
        return path


def _is_plain(name: str) -> bool:
    """Whether a part of an address that reads like this means this name."""
    return "#" not in name and "?" not in name and unquote(name) == name and _is_utf8(name)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _linked(source: Path, target: Path) -> bool:
    """Give our copy a second name in the store: no byte moves, and when the first is removed, it is the store's.

    Only for a file that has no other name yet: whoever holds that could change it.
    """
    try:
        if target.exists() and target.samefile(source):
            return True
        if source.stat().st_nlink > 1:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(source, target)
    except OSError:
        return False  # another file system, or one without links; whatever else is wrong, copying will tell
    return True


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        # Hidden by MLflow as its own are; and always of the same name, so that a crash leaves none for ever.
        name = sha256(os.fsencode(target.name)).hexdigest()[:16]
        fresh = target.with_name(f".artifact.uploading.{name}")
        fresh.unlink(missing_ok=True)
        os.link(source, fresh)
        fresh.replace(target)


def _prune(top: Path, path: Path) -> None:
    """Remove the folders that are empty now."""
    with suppress(OSError):
        while (path := path.parent) != top:
            path.rmdir()


@contextmanager
def _called(source: Path, name: str) -> Iterator[Path]:
    """The file under the name it shall have: MLflow takes the name from the path."""
    if source.name == name:
        yield source
        return
    with TemporaryDirectory(prefix="tracked-") as folder:
        local = Path(folder, name)
        try:
            local.symlink_to(source.absolute())
        except OSError:  # Windows without the privilege
            copyfile(source, local)
        yield local
