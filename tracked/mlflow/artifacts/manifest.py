"""What was put among a run's artifacts, file by file with its digest: written after the files, read to verify them.

A manifest is itself an artifact, because a tag is too small and MLflow keeps no digests.  Each shipper writes one
of its own for each run, ``.tracked/manifest-<its name>.json``, and readers merge them: two shippers of one run never
write the same file, and ten thousand small uploads do not make ten thousand manifests.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ...ports import OURS

SCHEMA = "tracked.manifest/1"
CHUNK = 1 << 20


class Entry(NamedTuple):
    """One file as it was sent."""

    size: int
    """In bytes; -1 for a file that was taken away again."""
    sha256: str
    time: int
    """When it was hashed, in milliseconds since the epoch: the latest entry of a name counts."""

    @property
    def is_gone(self) -> bool:
        """Whether the file was taken away again."""
        return self.size < 0

    def is_same(self, other: Entry | None) -> bool:
        """Whether both are of the same content."""
        return other is not None and (self.size, self.sha256) == (other.size, other.sha256)


Entries = Mapping[str, Entry]
"""By name among the run's artifacts."""


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def measured(path: Path) -> Entry:
    """Size and digest of a file, read piece by piece.

    Raises:
        OSError: it cannot be read.
    """
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            size += len(piece)
    return Entry(size, digest.hexdigest(), now())


def is_in(name: str, place: str) -> bool:
    """Whether the file is, or lies below, this place, of which the empty one is the top."""
    return not place or name == place or name.startswith(f"{place}/")


def name_of(writer: str) -> str:
    """Where the manifest of this writer lies."""
    return f"{OURS}/manifest-{writer}.json"


def is_ours(name: str) -> bool:
    """Whether the artifact is a manifest and none of the user's files."""
    return name == OURS or name.startswith(f"{OURS}/")


def dump(entries: Entries) -> bytes:
    """A manifest of these files."""
    files = {name: entry._asdict() for name, entry in sorted(entries.items())}
    return json.dumps({"schema": SCHEMA, "files": files}, separators=(",", ":")).encode()


def load(content: bytes) -> dict[str, Entry]:
    """The files of a manifest; none if it is torn or not one: then the files are sent again, and not verified."""
    try:
        told = json.loads(content)
        files = told["files"] if told["schema"] == SCHEMA else {}
        return {name: entry_of(fields) for name, fields in files.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def entry_of(fields: Mapping[str, Any]) -> Entry:
    """The entry that was written as these fields.

    Raises:
        ValueError, TypeError, KeyError: they are none.
    """
    return Entry(int(fields["size"]), str(fields["sha256"]), int(fields.get("time", 0)))


def merged(manifests: Iterable[Entries]) -> dict[str, Entry]:
    """One for all: of each name the latest entry."""
    latest: dict[str, Entry] = {}
    for entries in manifests:
        for name, entry in entries.items():
            if name not in latest or entry.time >= latest[name].time:
                latest[name] = entry
    return latest
