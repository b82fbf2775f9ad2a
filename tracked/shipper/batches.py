"""From a stretch of records to the requests that deliver it.  Pure: nothing is sent here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..limits import Limits
from ..ports import Point
from ..records import Artifact, Closed, Metrics, Opened, Params, Record, Tags

Pair = tuple[str, str]


@dataclass(frozen=True)
class Batch:
    """Data of one run that fits into one request."""

    run: str
    points: tuple[Point, ...] = ()
    params: tuple[Pair, ...] = ()
    tags: tuple[Pair, ...] = ()

    def __len__(self) -> int:
        return len(self.points) + len(self.params) + len(self.tags)

    def halves(self) -> tuple[Batch, Batch]:
        """Two smaller batches that hold the same; kinds are parted before their members are."""
        if self.points and (self.params or self.tags):
            return Batch(self.run, self.points), Batch(self.run, (), self.params, self.tags)
        if self.params and self.tags:
            return Batch(self.run, (), self.params), Batch(self.run, (), (), self.tags)
        half = len(self) // 2
        return (
            Batch(self.run, self.points[:half], self.params[:half], self.tags[:half]),
            Batch(self.run, self.points[half:], self.params[half:], self.tags[half:]),
        )


Action = Opened | Batch | Artifact | Closed


def actions(records: Iterable[Record], limits: Limits) -> Iterator[Action]:
    """What to do for these records: make the runs, in the order they were opened; then run by run what is in them.

    So a run's parent is there before it, and a tag that names another run finds it.
    """
    runs: dict[str, list[Record]] = {}
    for record in records:
        if isinstance(record, Opened):
            yield record
        else:
            runs.setdefault(record.run, []).append(record)
    for run, own in runs.items():
        yield from _of_one_run(run, own, limits)


def _of_one_run(run: str, records: list[Record], limits: Limits) -> list[Action]:
    """Data in requests as large as may be, in the order it was written."""
    parcel = _Parcel(run, limits)
    for record in records:
        if isinstance(record, Metrics):
            parcel.add_points(record)
        elif isinstance(record, Params | Tags):
            parcel.add_texts(record)
        else:
            parcel.seal()
            parcel.done.append(record)
    parcel.seal()
    return parcel.done


class _Parcel:
    """Collects data of one run until a request is full."""

    def __init__(self, run: str, limits: Limits) -> None:
        self.run, self.limits = run, limits
        self.done: list[Action] = []
        self._empty()

    def _empty(self) -> None:
        self.points: list[Point] = []
        self.params: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.bytes = 0

    def add_points(self, record: Metrics) -> None:
        time, steps = record.time, record.steps
        for key, value in record.values.items():
            if len(self.points) >= self.limits.points or self._is_full():
                self.seal()
            step = steps if isinstance(steps, int) else steps.get(key, 0)
            self.points.append(Point(key, value, time, step))

    def add_texts(self, record: Params | Tags) -> None:
        for key, value in record.values.items():
            room = len(self.params) < self.limits.params and len(self.tags) < self.limits.tags
            # A param that changes must meet the store as a second request, which refuses it: the first one stays.
            changed = isinstance(record, Params) and self.params.get(key, value) != value
            self.bytes += len(key) + len(value)
            if not room or changed or self._is_full() or self.bytes > self.limits.bytes:
                self.seal()
                self.bytes = len(key) + len(value)
            (self.params if isinstance(record, Params) else self.tags)[key] = value

    def _is_full(self) -> bool:
        return len(self.points) + len(self.params) + len(self.tags) >= self.limits.entities

    def seal(self) -> None:
        batch = Batch(self.run, tuple(self.points), tuple(self.params.items()), tuple(self.tags.items()))
        if len(batch):
            self.done.append(batch)
            self._empty()
