"""Where the runs of a process come from, gathered by a process beside it and told in one of them.

python -m tracked.session.gathering FOLDER OWNER RUN      # what is asked comes by environment, never by argument

Git may take seconds, and who is tracked does not wait for it.  The process begins with the first run at the root,
looks, writes what it found into a journal of its own, and is gone.  A difference from the commit is kept once in the
life of a process, however often it is found: the runs that come later name the one that has it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .. import tags as t
from ..journal.folder import Folder
from ..journal.snapshot import Shelf, taken
from ..journal.writer import JournalFile
from ..provenance.source import FRESH
from ..records import Artifact, Tags
from . import process

if TYPE_CHECKING:
    from ..provenance.facts import Gathered

ASKED = "TRACKED_PROVENANCE_ASKED"


class Origins:
    """Which run of this process tells where its runs come from; what was gathered is taken to hold for a minute."""

    def __init__(self) -> None:
        self._teller = ""
        self._until = 0.0

    def teller(self, run: str) -> str:
        """The local id of the run that tells it for this one: itself, if it is time to gather again."""
        now = time.monotonic()
        if now >= self._until:
            # Two threads at once both gather, which is true all the same.
            self._teller, self._until = run, now + FRESH
            return run
        return self._teller


def start(folder: Folder, owner: str, run: str, source: str) -> None:
    """Begin to gather for the run of this local id, which is in this owner's journal already.

    Raises:
        OSError: no process can be started here.
    """
    from ..provenance.asked import Asked  # noqa: PLC0415 - once a process, not with `import tracked`

    asked = {ASKED: Asked.by_this_process(source).to_json()}
    process.launch(
        [sys.executable, "-m", "tracked.session.gathering", str(folder.path), owner, run], folder, asked
    )


def main(path: str, owner: str, run: str) -> None:
    """Gather what was asked, and write it to the run."""
    from ..provenance.asked import Asked  # noqa: PLC0415 - as above
    from ..provenance.facts import gather  # noqa: PLC0415 - as above

    write(Folder(Path(path)), owner, run, gather(Asked.from_json(os.environ.pop(ASKED))))


def write(folder: Folder, owner: str, run: str, gathered: Gathered) -> None:
    """Write to the run what was gathered for the process with this owner's journal."""
    from ..provenance.facts import DIFF  # noqa: PLC0415 - as above

    journal, files = JournalFile(folder), dict(gathered.files)
    told = {**gathered.tags, t.PROVENANCE: run}
    note = _note(folder, owner, files[DIFF]) if DIFF in files else None
    if note:
        told[t.DIFF_RUN] = _noted(note) or run
        if told[t.DIFF_RUN] != run:
            del files[DIFF]
    journal.write(Tags(run, told))
    for name, content in files.items():
        for kept in taken(Shelf(folder, journal.owner), run, content, name):
            if isinstance(kept, Artifact):
                journal.write(kept)
    if note and DIFF in files:
        note.parent.mkdir(mode=0o700, exist_ok=True)
        note.write_text(run, encoding="utf-8")


def _note(folder: Folder, owner: str, diff: bytes) -> Path:
    """Where it is noted which run has this diff: among the owner's copies, so that it goes when these do."""
    return folder.files / f"{owner}.{hashlib.sha256(diff).hexdigest()[:32]}" / "diff_run"


def _noted(note: Path) -> str:
    try:
        return note.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    main(*sys.argv[1:])
