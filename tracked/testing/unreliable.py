"""A store and a disk that are as their faults want them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..journal.folder import Folder
from ..journal.writer import JournalFile
from ..ports import Point
from ..records import Record
from ..shipper.memory import MemoryBackend
from .faults import Faults


class Unreliable(MemoryBackend):
    """A store in memory that is as its faults want it."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or name == "log" or not callable(found):
            return found
        return _after(self._faults.meet, found)

    def log(
        self, run_id: str, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Store what comes before the fault; it is sent again later, which changes nothing."""
        self._faults.meet()
        limit = self._faults.down_from
        before = points if limit is None else [point for point in points if point.step < limit]
        super().log(run_id, before, params, tags)
        self._faults.meet(points)


def _after(first: Callable[[], None], then: Callable[..., Any]) -> Callable[..., Any]:
    def both(*args: Any, **kwargs: Any) -> Any:
        first()
        return then(*args, **kwargs)

    return both


class Disk(JournalFile):
    """A journal on a disk that is as its faults want it."""

    def __init__(self, folder: Folder, cap: int, faults: Faults) -> None:
        super().__init__(folder, cap)
        self._faults = faults

    def write(self, record: Record) -> None:
        """Acknowledge a record, if the disk takes it."""
        self._faults.write()
        super().write(record)
