"""What the journals of a folder tell of one run: the answer while no store gives one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..records import BadRecord, Record, from_json
from . import lines
from .folder import Folder


def records_of(folder: Folder, run: str) -> Iterator[Record]:
    """The run's records, oldest first, as far as they were not removed after delivery."""
    for journal in folder.journals():
        yield from _of_journal(journal, run)


def _of_journal(journal: Path, run: str) -> Iterator[Record]:
    mark = run.encode()
    try:
        with journal.open("rb") as file:
            # Few lines are of this run: the others are not even read as JSON.
            found = b"\n".join(line for line in file if mark in line)
    except FileNotFoundError:
        return  # delivered and removed in this moment
    for line in lines.parse(found):
        try:
            record = from_json(line.value)
        except BadRecord:
            continue  # the shipper says so
        if record.run == run:
            yield record
