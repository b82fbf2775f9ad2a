"""Where the runs of a process come from, gathered by a process beside it and told in one of them.

python -m tracked.session.gathering FOLDER RUN      # what is asked comes by environment, never by argument

Git may take seconds, and who is tracked does not wait for it.  The process begins with the first run at the root,
looks, writes what it found into a journal of its own, and is gone.
"""

from __future__ import annotations

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


def start(folder: Folder, run: str, source: str) -> None:
    """Begin to gather for the run of this local id, which is in the journal already.

    Raises:
        OSError: no process can be started here.
    """
    from ..provenance.asked import Asked  # noqa: PLC0415 - once a process, not with `import tracked`

    asked = {ASKED: Asked.by_this_process(source).to_json()}
    process.launch([sys.executable, "-m", "tracked.session.gathering", str(folder.path), run], folder, asked)


def main(path: str, run: str) -> None:
    """Gather what was asked, and write it to the run."""
    from ..provenance.asked import Asked  # noqa: PLC0415 - as above
    from ..provenance.facts import gather  # noqa: PLC0415 - as above

    write(Folder(Path(path)), run, gather(Asked.from_json(os.environ.pop(ASKED))))


def write(folder: Folder, run: str, gathered: Gathered) -> None:
    """Write to the run what was gathered."""
    journal = JournalFile(folder)
    journal.write(Tags(run, {**gathered.tags, t.PROVENANCE: run}))
    for name, content in gathered.files.items():
        for kept in taken(Shelf(folder, journal.owner), run, content, name):
            if isinstance(kept, Artifact):
                journal.write(kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
