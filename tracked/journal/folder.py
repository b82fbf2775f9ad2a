"""The layout of a journal folder: which file lies where."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError


@dataclass(frozen=True)
class Folder:
    """One folder holds the journals of all processes that write to one store with one set of credentials."""

    path: Path

    def made(self) -> Folder:
        """The same folder, there and readable by its owner only."""
        self.files.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        return self

    def journals(self) -> list[Path]:
        """Every process's journal, oldest first."""
        return sorted(self.path.glob("*.journal"))

    @property
    def files(self) -> Path:
        """Snapshots of artifacts that wait for delivery."""
        return self.path / "files"

    @property
    def ids(self) -> Path:
        """Local id -> MLflow id, a line a run, written by the shipper."""
        return self.path / "ids.log"

    @property
    def aside(self) -> Path:
        """What the store will never take, each with its reason."""
        return self.path / "aside.log"

    @property
    def lock(self) -> Path:
        """Held by the one shipper of this folder."""
        return self.path / "shipper.lock"

    @property
    def status(self) -> Path:
        """What the shipper does now."""
        return self.path / "shipper.json"

    @property
    def speech(self) -> Path:
        """What the shipper and the libraries in it print."""
        return self.path / "shipper.log"

    @property
    def target(self) -> Path:
        """The store that these journals are for, without credentials."""
        return self.path / "target.json"

    def stored(self, name: str) -> Path:
        """The snapshot that a record calls ``name``.

        Raises:
            ConfigError: the name leads out of the folder; a journal may be hostile.
        """
        path = Path(os.path.normpath(self.files / name))
        if not path.is_relative_to(self.files) or path == self.files:
            raise ConfigError(f"{name!r} is not inside the journal folder")
        return path

    def new_snapshot(self, basename: str) -> tuple[str, Path]:
        """Name and path for a new snapshot; a little folder of its own lets the file keep its name."""
        place = os.urandom(16).hex()
        (self.files / place).mkdir(mode=0o700)
        return f"{place}/{basename}", self.files / place / basename


def ack_of(journal: Path) -> Path:
    """How far this journal is delivered, a line an acknowledgement, written by the shipper."""
    return journal.with_suffix(".ack")
