"""The files of one run in one stretch of a journal: what is sent, what need not be, and what is left of them then."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import ConfigError, Refused
from ..journal.folder import Folder
from ..picking import Remark, pick
from ..ports import Backend, File, RemoteRun
from ..records import Artifact

PutAside = Callable[[Artifact, str], object]


class Files:
    """What to do with these artifacts: of one name the last counts, and what is removed again is never sent."""

    def __init__(self, folder: Folder, artifacts: Sequence[Artifact], put_aside: PutAside) -> None:
        self._folder, self._put_aside = folder, put_aside
        self._artifacts = artifacts
        self._sent: dict[str, tuple[File, Artifact]] = {}
        self._removed: dict[str, None] = {}
        for artifact in artifacts:
            if artifact.is_removal:
                self._remove(artifact.name)
            else:
                self._add(artifact)

    @property
    def to_send(self) -> list[File]:
        """No two of one name."""
        return [file for file, _ in self._sent.values()]

    @property
    def to_remove(self) -> list[str]:
        """Names of files and folders, to be removed after the rest is there."""
        return list(self._removed)

    def done_with(self, refused: Mapping[str, str]) -> Iterator[str]:
        """Snapshots that are no longer needed; of what was refused the copy is put aside and stays."""
        kept = set()
        for name, reason in refused.items():
            file, artifact = self._sent[name]
            kept.add(artifact.stored)
            copy = file.source.relative_to(self._folder.files).as_posix()
            self._put_aside(Artifact(artifact.run, name, copy, file.source.stat().st_size), reason)
        for file, artifact in self._sent.values():
            if artifact.stored in kept and file.name not in refused:
                yield file.source.relative_to(self._folder.files).as_posix()
        yield from (a.stored for a in self._artifacts if not a.is_removal and a.stored not in kept)

    def _remove(self, name: str) -> None:
        self._sent = {n: sent for n, sent in self._sent.items() if not _is_in(n, name)}
        self._removed[name] = None

    def _add(self, artifact: Artifact) -> None:
        try:
            files = self._copies(artifact)
        except (ConfigError, Refused) as error:
            self._put_aside(artifact, str(error))
            return
        self._sent.update((file.name, (file, artifact)) for file in files)
        # What is sent again after it was removed is wanted.
        self._removed = {name: None for name in self._removed if not _is_in(artifact.name, name)}

    def _copies(self, artifact: Artifact) -> list[File]:
        path = self._folder.stored(artifact.stored)
        if os.path.isfile(path):  # noqa: PTH113 - a name that no file can have is no file
            return [File(artifact.name, path)]
        if not os.path.isdir(path):  # noqa: PTH112 - as above
            raise Refused(f"its copy {artifact.stored} is gone")
        return list(self._inside(artifact, path))

    def _inside(self, artifact: Artifact, top: Path) -> Iterator[File]:
        for found in pick(top):
            if isinstance(found, Remark):
                self._put_aside(artifact._replace(name=f"{artifact.name}/{found.inner}"), found.text)
            else:
                yield File(f"{artifact.name}/{found.inner}", found.path)


class Outbox:
    """Files of one stretch of a journal that are still to be sent, by run.

    Args:
        folder: where their copies lie.
        backend: the store.
        put_aside: told of each that the store will never take, with the reason.
        alive: called now and then while files are sent, as a sign of life.
    """

    def __init__(
        self, folder: Folder, backend: Backend, put_aside: PutAside, alive: Callable[[], object]
    ) -> None:
        self._folder, self._backend, self._put_aside, self._alive = folder, backend, put_aside, alive
        self._files: dict[str, list[Artifact]] = {}
        self.done_with: list[str] = []
        """Snapshots that are no longer needed once the stretch is acknowledged."""

    def clear(self) -> None:
        """Begin a stretch, or begin it again."""
        self._files.clear()
        self.done_with.clear()

    def add(self, *artifacts: Artifact) -> None:
        """Take these in."""
        for artifact in artifacts:
            self._files.setdefault(artifact.run, []).append(artifact)

    def runs(self) -> list[str]:
        """Local ids of the runs that have files here."""
        return list(self._files)

    def send(self, run: str, remote: RemoteRun | None) -> None:
        """Send the files of the run with this local id; those of one that the store does not have stay here.

        Raises:
            BackendUnavailable: the store does not answer.
        """
        if remote is None:
            return
        artifacts = self._files.pop(run, [])
        parcel = Files(self._folder, artifacts, self._put_aside)
        try:
            if parcel.to_send:
                refused = self._backend.upload(remote.run_id, parcel.to_send, self._alive)
                self.done_with += parcel.done_with(refused)
            for name in parcel.to_remove:
                self._backend.remove(remote.run_id, name)
        except Refused as error:
            for artifact in artifacts:
                self._put_aside(artifact, str(error))


def _is_in(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}/")
