"""The layout of a journal folder: which file lies where."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError

MOST_SPEECH = 1 << 20
"""Bytes of what the shipper prints, after which it begins anew."""


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

    def held(self) -> int:
        """Bytes of all journals."""
        total = 0
        for journal in self.journals():
            with suppress(FileNotFoundError):  # delivered and removed in this moment
                total += journal.stat().st_size
        return total

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

    def overflow(self, run: str) -> Path:
        """What the store has no room for of this run, until the run ends."""
        return self.path / f"overflow-{hashlib.sha256(run.encode()).hexdigest()[:32]}.log"

    @property
    def lock(self) -> Path:
        """Held by the one shipper of this folder."""
        return self.path / "shipper.lock"

    def standby(self, place: str) -> Path:
        """Lock of the process that stands by on one of the hosts that share the folder."""
        return self.path / f"standby-{place}.lock"

    @property
    def status(self) -> Path:
        """What the shipper does now."""
        return self.path / "shipper.json"

    @property
    def bell(self) -> Path:
        """Rung by whoever waits for the shipper."""
        return self.path / "shipper.bell"

    @property
    def handover(self) -> Path:
        """There while a shipper of a newer version waits for its turn."""
        return self.path / "shipper.handover"

    @property
    def speech(self) -> Path:
        """What the shipper and the libraries in it print."""
        return self.path / "shipper.log"

    def shorten_speech(self) -> None:
        """Where what was printed has become long: keep it once beside, in ``shipper.log.1``, and begin anew.

        Whoever prints appends, and so goes on at the new end: nobody has to be told.
        """
        with suppress(OSError):
            if self.speech.stat().st_size > MOST_SPEECH:
                shutil.copyfile(self.speech, self.speech.with_suffix(".log.1"))
                os.truncate(self.speech, 0)

    @property
    def target(self) -> Path:
        """The store that these journals are for, without credentials."""
        return self.path / "target.json"

    @property
    def exported(self) -> Path:
        """There once journals were taken away in a bundle: whoever got it may have made their runs."""
        return self.path / "exported"

    @property
    def imported(self) -> Path:
        """The manifest of the bundle that the folder came in."""
        return self.path / "imported.json"

    def stored(self, name: str) -> Path:
        """The snapshot that a record calls ``name``.

        Raises:
            ConfigError: the name leads out of the folder; a journal may be hostile.
        """
        path = Path(os.path.normpath(self.files / name))
        if "\0" in name or not path.is_relative_to(self.files) or path == self.files:
            raise ConfigError(f"{name!r} is not inside the journal folder")
        return path

    def new_snapshot(self, basename: str, owner: str = "") -> tuple[str, Path]:
        """Name and path for a new snapshot; a little folder of its own lets the file keep its name.

        Args:
            basename: name of the file or folder.
            owner: of the journal that will tell of it, as in :func:`owner_of`.
        """
        place = f"{owner}.{os.urandom(16).hex()}"
        (self.files / place).mkdir(mode=0o700)
        return f"{place}/{basename}", self.files / place / basename

    def free(self, name: str) -> None:
        """Remove a snapshot, or one file of it, and the folders that are empty then; nothing if it is not there."""
        with suppress(ConfigError, OSError):
            path = self.stored(name)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            while (path := path.parent) != self.files:
                path.rmdir()

    def sweep(self, owner: str) -> None:
        """Remove what is left of the journals of a writer that is gone, but for snapshots that were put aside."""
        kept = self.aside.read_bytes() if self.aside.exists() else b""
        for place in self.files.glob(f"{owner}.*"):
            if place.name.encode() not in kept:
                shutil.rmtree(place, ignore_errors=True)


def ack_of(journal: Path) -> Path:
    """How far this journal is delivered, a line an acknowledgement, written by the shipper."""
    return journal.with_suffix(".ack")


def owner_of(journal: Path) -> str:
    """What all journals of one process have in common: its copies of artifacts are named after it."""
    return journal.stem.partition("_")[0]


def next_of(journal: Path) -> Path:
    """The journal in which the same process goes on when this one is long enough."""
    return journal.with_name(f"{owner_of(journal)}_{_number(journal) + 1:06d}.journal")


def previous_of(journal: Path) -> Path | None:
    """The journal of the same process before this one; None for its first."""
    number = _number(journal)
    if not number:
        return None
    return journal.with_name(f"{owner_of(journal)}{f'_{number - 1:06d}' if number > 1 else ''}.journal")


def _number(journal: Path) -> int:
    told = journal.stem.partition("_")[2]
    return int(told) if told.isdecimal() else 0


def full_of(journal: Path) -> Path:
    """There once its writer has gone on in the next one: whatever it acknowledged before is in this one."""
    return journal.with_suffix(".full")


def sign_of(journal: Path) -> Path:
    """Renewed while the writer of this journal is seen to live, on a host that does not deliver."""
    return journal.with_suffix(".alive")
