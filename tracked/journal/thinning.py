"""What is still written when the journals of a folder hold more than they may: all but most metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..records import Closed, Metrics, Record

FACTOR = 10
"""Past the cap every tenth step is kept, past twice the cap every hundredth, and so on."""
_SPARSEST = 6


def interval(held: int, cap: int) -> int:
    """Of how many steps one is kept, with so many bytes held and allowed; 1 for all, and 0 allowed means any."""
    return 1 if cap <= 0 or held <= cap else FACTOR ** min(_SPARSEST, held // cap)


class Thinned:
    """Writes steps that ``every`` divides, and of each run and metric the last one, which is held back until then.

    What is held back is written when the run closes, or when there is room again.  A process that is killed before
    loses it: nowhere else does a call return before its record is in the file.
    """

    def __init__(self, write: Callable[[Record], object], every: int) -> None:
        self._write, self.every = write, every
        self._held: dict[tuple[str, tuple[Any, ...]], Metrics] = {}

    def write(self, record: Record) -> None:
        """Write the record, or hold back what is not for now.

        Raises:
            OSError: it was not acknowledged.
        """
        if isinstance(record, Metrics):
            now, later = self._parted(record)
            if later:
                self._held[record.run, tuple(later)] = record._replace(values=later)
            if now:
                self._held.pop((record.run, tuple(now)), None)
                self._write(record._replace(values=now))
            return
        if isinstance(record, Closed):
            self.release(record.run)
        self._write(record)

    def _parted(self, record: Metrics) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """What is written now, and what is held back."""
        steps = record.steps
        if isinstance(steps, int):
            return (record.values, {}) if steps % self.every == 0 else ({}, record.values)
        now = {key: value for key, value in record.values.items() if steps.get(key, 0) % self.every == 0}
        return now, {key: value for key, value in record.values.items() if key not in now}

    def release(self, run: str | None = None) -> None:
        """Write what is held back of this run, or of all."""
        for key in [key for key in list(self._held) if run in (None, key[0])]:
            if (record := self._held.pop(key, None)) is not None:
                self._write(record)
