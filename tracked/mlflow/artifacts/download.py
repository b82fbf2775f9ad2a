"""Reading artifacts back: held against the manifest, and whole when they appear."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from ...errors import ArtifactNotFound, ConfigError, DigestMismatch
from . import manifest
from .manifest import Entry
from .pool import each
from .repository import Repository
from .upload import manifests


def fetch(
    repository: Repository, path: str, dst: Path | None, known: Mapping[str, Entry] | None = None
) -> Path:
    """Fetch a file, a folder, or with "" everything, to ``dst/path``.

    Args:
        repository: the run's artifacts.
        path: what is wanted, with ``/``.
        dst: folder that it is put in; a new temporary one if None.
        known: what the files must be; by default what the run's manifests tell.  A file that none tells of, since
            it was logged by MLflow itself, cannot be verified.

    Raises:
        ArtifactNotFound: there is no such artifact, or it is gone from the store.
        DigestMismatch: what the store gives is not what was sent there.
        ConfigError: it cannot be written there, or something else is there already.
    """
    path = path.strip("/")
    if not _is_safe(path):
        raise ArtifactNotFound(f"no artifact can be called {path!r}")
    known = manifest.merged(manifests(repository).values()) if known is None else known
    wanted = Wanted(repository, path, _found(repository, path), known)
    wanted.check()
    if dst is not None:
        return _at(dst.absolute() / path, wanted)
    folder = Path(tempfile.mkdtemp(prefix="tracked-"))
    with ExitStack() as in_trouble:
        in_trouble.callback(shutil.rmtree, folder, ignore_errors=True)
        found = _at(folder / (path or "artifacts"), wanted)
        in_trouble.pop_all()
        return found


@dataclass(frozen=True)
class Wanted:
    """What is fetched: the files at or below ``path``, each with the bytes that the store tells of it."""

    repository: Repository
    path: str
    sizes: Mapping[str, int | None]
    known: Mapping[str, Entry]

    def check(self) -> None:
        """Raise if anything that should be there is not, or a name would lead out of the folder."""
        there = {n for n, e in self.known.items() if manifest.is_in(n, self.path) and not e.is_gone}
        if lost := sorted(there - self.sizes.keys()):
            raise ArtifactNotFound(
                f"{', '.join(lost[:5])}: sent to the store and not there any more ({len(lost)})"
            )
        if not self.sizes and self.path:
            raise ArtifactNotFound(f"the run has no artifact {self.path!r}; it has {_top(self.repository)}")
        for name in self.sizes:
            if not manifest.is_in(name, self.path) or not _is_safe(name):
                raise DigestMismatch(
                    f"the store names an artifact {name!r}, which leads out of {self.path!r}"
                )

    def place(self, top: Path, name: str) -> Path:
        """Where a file goes, if ``top`` is where the whole goes."""
        return top if name == self.path else top / name.removeprefix(f"{self.path}/" if self.path else "")

    def is_at(self, top: Path) -> bool:
        """Whether all of it lies there already, by digest."""
        return bool(self.sizes) and all(
            self.place(top, name).is_file()
            and manifest.measured(self.place(top, name)).is_same(self.known.get(name))
            for name in self.sizes
        )

    def get(self, top: Path) -> None:
        """Fetch it all, and verify it."""
        top.mkdir(exist_ok=True) if self.path not in self.sizes else None
        for _, outcome in each(
            lambda name: self._get(name, self.place(top, name)), list(self.sizes), lambda: None
        ):
            if isinstance(outcome, Exception):
                raise outcome

    def _get(self, name: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self.repository.get(name, target)
        got, sent = manifest.measured(target), self.known.get(name)
        if sent is not None and not sent.is_gone and not got.is_same(sent):
            raise DigestMismatch(
                f"artifact {name!r} is not what was sent: {got.size} bytes, sha256 {got.sha256[:12]}..., and not "
                f"{sent.size} bytes, sha256 {sent.sha256[:12]}...; somebody has changed it in the store, or the copy "
                "is damaged. MLflow's own download gives it unverified"
            )
        if sent is None and self.sizes[name] not in (None, got.size):
            raise DigestMismatch(
                f"artifact {name!r} has {self.sizes[name]} bytes in the store, and {got.size} came"
            )


def _found(repository: Repository, path: str) -> dict[str, int | None]:
    below = repository.files(path)
    if not below and path:
        beside = repository.sizes(path.rpartition("/")[0])
        return {path: beside[path]} if beside.get(path, -1) != -1 else {}
    return {
        name: size for name, size in below.items() if manifest.is_ours(path) or not manifest.is_ours(name)
    }


def _top(repository: Repository) -> str:
    names = [name for name in repository.sizes("") if not manifest.is_ours(name)]
    return ", ".join(names[:10]) or "none"


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    here = ".." not in path.parts and not path.is_absolute() and "\0" not in name
    return here and not PureWindowsPath(name).drive


def _at(target: Path, wanted: Wanted) -> Path:
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        if wanted.is_at(target):
            return target
        raise ConfigError(
            f"{target} is there already and is not what was asked for: remove it, or give another dst"
        )
    try:
        with _beside(target) as fresh:
            wanted.get(fresh)
            if target.is_dir():
                target.rmdir()
            fresh.rename(target)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error}") from error
    return target


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A name on the same disk; when this is left in trouble, nothing stays that was not there before."""
    missing = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".tracked-", dir=target.parent))
    with ExitStack() as in_trouble:
        in_trouble.callback(_take_away, missing)
        in_trouble.callback(shutil.rmtree, temporary, ignore_errors=True)
        yield temporary / target.name
        in_trouble.pop_all()
    temporary.rmdir()


def _take_away(folders: Sequence[Path]) -> None:
    """Remove folders that are empty, the innermost first."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()
