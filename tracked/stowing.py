"""Keeping artifacts: a snapshot is taken, told of in the journal, and what could not be kept is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import speech
from .journal.snapshot import Shelf, taken
from .picking import Choice, Patterns, Remark
from .records import Artifact
from .session.building import Session

SAID = 3
"""Remarks on one artifact that are said one by one."""


def stow(
    session: Session,
    run: str,
    content: Path | str | bytes,
    name: str | None = None,
    *,
    move: bool = False,
    include: Patterns = (),
    exclude: Patterns = (),
) -> Artifact | None:
    """Keep bytes, a file or a folder with the run of this local id; when this returns, it is in the journal.

    Returns:
        What was written; None if nothing of it could be kept, which is said.

    Raises:
        ConfigError: there is no such path, or bytes came without a name.
        OSError: it cannot be read or kept.
    """
    shelf = Shelf(session.folder, session.journal.owner, move)
    choice = Choice(include, exclude, session.settings.artifact_max_bytes or None)
    kept, remarks = None, []
    for found in taken(shelf, run, content, name, choice):
        if isinstance(found, Remark):
            remarks.append(found)
        else:
            session.write(found)
            kept = found
    _say(remarks, name or str(content if isinstance(content, str | Path) else ""))
    return kept


def _say(remarks: Sequence[Remark], what: str) -> None:
    for inner, text in remarks[:SAID]:
        speech.warn_once(f"artifact {what!r}: {inner!r} {text}")
    if len(remarks) > SAID:
        speech.warn_once(
            f"artifact {what!r}: as much is to be said of {len(remarks) - SAID} more of its files"
        )
