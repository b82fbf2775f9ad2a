"""What a run has no room for in its store: kept whole in files beside the journals, and sent as artifacts at its end.

Names are counted as they come: the first params, tags and metrics of a run are stored as such, and of a metric all
values or none.  Our own tags, without which nobody finds a run or knows how it ended, have some room kept for them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping

from .. import tags as t
from ..journal import disk, lines
from ..journal.folder import Folder
from ..limits import KEPT_PARAMS, KEPT_TAGS, Limits, Used
from ..ports import Backend, Point
from ..records import Artifact, Opened
from .batches import Batch, Pair

FOLDER = "overflow"
"""Where these files lie among a run's artifacts."""


class Overflow:
    """Knows which names each run has in its store, and keeps what is beyond what that takes."""

    def __init__(self, folder: Folder, backend: Backend) -> None:
        self._folder, self._backend = folder, backend
        self._used: dict[str, Used] = {}
        self._new: dict[str, list[Batch]] = {}
        """What was kept in this stretch of a journal, by run."""
        self._sent: list[str] = []
        """Runs whose files are on their way."""

    @property
    def _limits(self) -> Limits:
        return self._backend.limits

    def clear(self) -> None:
        """Begin a stretch, or begin it again."""
        self._new.clear()
        self._sent.clear()

    def keep(self) -> None:
        """Write down what was kept in this stretch; to be done before the stretch is acknowledged."""
        for run, batches in self._new.items():
            disk.append(self._folder.overflow(run), b"".join(map(_line, batches)))
        self._new.clear()

    def forget(self) -> None:
        """What was on its way has arrived."""
        for run in self._sent:
            self._folder.overflow(run).unlink(missing_ok=True)
            self._used.pop(run, None)
        self._sent.clear()

    def first(self, run: str, tags: Mapping[str, str]) -> dict[str, str]:
        """Those of these tags that a run which is made now can begin with; the others are kept."""
        if not self._limits.counts_names:
            return dict(tags)
        # What the store and MLflow's client add by themselves counts, too.
        self._used[run] = Used(set(), {t.MLFLOW_NAME, t.MLFLOW_PARENT, t.MLFLOW_USER}, set())
        return dict(self._fitting(run, Batch(run, tags=tuple(tags.items()))).tags)

    def missing(self, run_id: str, opened: Opened) -> Batch:
        """The tags that a run is without, which was made in a stretch that failed before the others were kept.

        Raises:
            Refused, BackendUnavailable: the store does not tell what the run has.
        """
        if opened.attach or not self._limits.counts_names:
            return Batch(opened.run)
        there = self._backend.known(run_id).tags
        return Batch(opened.run, tags=tuple(pair for pair in opened.tags.items() if pair[0] not in there))

    def fitting(self, run_id: str, batch: Batch) -> Batch:
        """The part of the batch that the store has room for; the rest is kept.

        Raises:
            Refused, BackendUnavailable: the store does not tell what the run has.
        """
        if not self._limits.counts_names:
            return batch
        if batch.run not in self._used:
            known = self._backend.known(run_id)
            self._used[batch.run] = Used(set(known.params), set(known.tags), set(known.steps))
        return self._fitting(batch.run, batch)

    def _fitting(self, run: str, batch: Batch) -> Batch:
        used, limits = self._used[run], self._limits
        params = _admitted((key for key, _ in batch.params), used.params, limits.run_params, KEPT_PARAMS)
        short = (key for key, _ in batch.tags if len(key) <= limits.tag_key_length)
        tags = _admitted(short, used.tags, limits.run_tags, KEPT_TAGS)
        metrics = _admitted((point.key for point in batch.points), used.metrics, limits.run_metrics, 0)
        fits, left = _parted(batch, params, tags, metrics)
        if len(left):
            self._new.setdefault(run, []).append(left)
        return fits

    def files(self, run: str) -> Iterator[Artifact]:
        """All that was kept of this run, as the files that its artifacts get; to be asked at its end."""
        kept = self._of(run)
        if not len(kept):
            self._used.pop(run, None)
            return
        self._sent.append(run)
        for name, content in _contents(kept).items():
            # The same place and content, and so sent once, however often this is asked.
            stored = f"{self._folder.overflow(run).stem}/{name}"
            path = self._folder.stored(stored)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(content)
            yield Artifact(run, f"{FOLDER}/{name}", stored, len(content))

    def _of(self, run: str) -> Batch:
        path = self._folder.overflow(run)
        written = lines.parse(path.read_bytes()) if path.exists() else ()
        batches = [
            *(_batch(run, line.value) for line in written if not line.problem),
            *self._new.get(run, ()),
        ]
        points = dict.fromkeys(point for batch in batches for point in batch.points)
        params = {key: value for batch in reversed(batches) for key, value in batch.params}
        tags = {key: value for batch in batches for key, value in batch.tags}
        return Batch(run, tuple(points), tuple(params.items()), tuple(tags.items()))


def _admitted(keys: Iterable[str], used: set[str], limit: int | None, kept: int) -> set[str]:
    """Those of these names that the run has, or can get; they are among its names from now on."""
    found = set()
    for key in keys:
        name = t.MLFLOW_NOTE if key == t.SUMMARY else key
        room = limit is None or len(used) < limit - (0 if t.is_ours(name) else kept)
        if name in used or room:
            used.add(name)
            found.add(key)
    return found


def _parted(batch: Batch, params: set[str], tags: set[str], metrics: set[str]) -> tuple[Batch, Batch]:
    """The data under these names, and the rest."""
    fits, left = (
        Batch(
            batch.run,
            tuple(point for point in batch.points if (point.key in metrics) is wanted),
            tuple(pair for pair in batch.params if (pair[0] in params) is wanted),
            tuple(pair for pair in batch.tags if (pair[0] in tags) is wanted),
        )
        for wanted in (True, False)
    )
    return fits, left


def _contents(kept: Batch) -> dict[str, bytes]:
    found = {
        "params.json": _json(kept.params),
        "tags.json": _json(kept.tags),
        "metrics.csv": _csv(kept.points),
    }
    return {name: content for name, content in found.items() if content}


def _json(pairs: tuple[Pair, ...]) -> bytes:
    return (
        json.dumps(dict(pairs), indent=2, ensure_ascii=False).encode(errors="backslashreplace")
        if pairs
        else b""
    )


def _csv(points: tuple[Point, ...]) -> bytes:
    if not points:
        return b""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([Point._fields, *points])
    return text.getvalue().encode(errors="backslashreplace")


def _line(batch: Batch) -> bytes:
    # JSON has no NaN and no infinities.
    points = [(key, str(value), time, step) for key, value, time, step in batch.points]
    return lines.encode([points, batch.params, batch.tags])


def _batch(run: str, told: list[list[list[str]]]) -> Batch:
    points, params, tags = told
    return Batch(
        run,
        tuple(Point(key, float(value), int(time), int(step)) for key, value, time, step in points),
        tuple((key, value) for key, value in params),
        tuple((key, value) for key, value in tags),
    )
