"""The course of a metric, read from the journal that it was written to: nothing is remembered for it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..records import BadRecord, Metrics, from_json
from . import lines

WINDOWS, WINDOW = 32, 2048
"""Stretches of a long journal that are read, and bytes of each; a journal of no more bytes is read whole."""


def sampled(path: Path, run: str, metric: str, begin: int = 0) -> list[float]:
    """Values of a metric of this run, from all along the journal behind ``begin``; all of them if they are few.

    It costs the same however much was logged.

    Args:
        path: the journal; one that is gone has none.
        run: local id.
        metric: the key, as it was written.
        begin: offset before which the run has written nothing.
    """
    try:
        return [value for chunk in _stretches(path, begin) for value in _values(chunk, run, metric)]
    except OSError:
        return []


def _stretches(path: Path, begin: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        room = file.seek(0, 2) - begin
        file.seek(begin)
        if room <= WINDOWS * WINDOW:
            yield file.read(room)
            return
        for index in range(WINDOWS):
            file.seek(begin + (room - WINDOW) * index // (WINDOWS - 1))
            yield file.read(WINDOW)


def _values(chunk: bytes, run: str, metric: str) -> Iterator[float]:
    mark = run.encode()
    # Most lines of a crowded journal are of other runs, and not even read as JSON.
    of_run = b"\n".join(line for line in chunk.split(b"\n") if mark in line)
    for line in lines.parse(of_run):
        try:
            record = from_json(line.value)
        except BadRecord:
            continue  # the edge of a stretch
        if isinstance(record, Metrics) and record.run == run and metric in record.values:
            yield record.values[metric]
