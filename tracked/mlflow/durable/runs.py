"""Which run an id of MLflow's calls means.

Three kinds of ids come: the local one that we gave a run at its start, the one that the store gave it later, and
that of a run which came from elsewhere and is joined when the first record is written into it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time_ns

from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from ... import tags as t
from ...errors import BackendUnavailable
from ...ports import Point
from ...process import owner
from ...records import Opened, Tags
from .keeper import Keeper
from .known import unavailable

_ID = re.compile(r"[0-9a-f]{32}")
_IDS = re.compile(rf"\b{_ID.pattern}\b")
_RECENT = 1000
"""Milliseconds.  A time as recent as this was read from the clock by MLflow, not chosen by a person."""


@dataclass
class Written:
    """What this process wrote into one run, as far as later calls depend on it."""

    params: dict[str, str] = field(default_factory=dict)
    last: dict[str, Point] = field(default_factory=dict)

    def check(self, params: dict[str, str], run_id: str) -> None:
        """Let a param that would change be refused at the call, as MLflow does.

        Raises:
            MlflowException: it would.
        """
        for key, value in params.items():
            if (known := self.params.get(key, value)) != value:
                raise MlflowException(
                    f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                    f"value='{known}' for run ID='{run_id}'. Attempted logging new value '{value}'.",
                    INVALID_PARAMETER_VALUE,
                )

    def placed(self, metric: Metric) -> Point:
        """The point with a time behind that of the value before it at the same step.

        MLflow calls the largest of the values of one millisecond the latest; its own calls are too slow to meet
        that, ours are not.
        """
        point = Point(metric.key, float(metric.value), int(metric.timestamp), int(metric.step))
        last = self.last.get(point.key)
        if last is not None and last.step == point.step and last.value != point.value:
            now = time_ns() // 1_000_000
            if point.time <= last.time and now - point.time < _RECENT:
                point = point._replace(time=last.time + 1)
        self.last[point.key] = point
        return point


class Runs:
    """The runs of one store that MLflow's calls in this process speak of."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._written: dict[tuple[str, int], Written] = {}
        self._joined: dict[str, str] = {}
        self._taken_over: set[str] = set()

    def written(self, run: str) -> Written:
        """What this process wrote into the run with this local id."""
        # A forked child has not written what its parent has.
        return self._written.setdefault((run, os.getpid()), Written())

    def has_ended(self, run: str) -> None:
        """Forget what was written into it: from now on the shipper sees which params would change."""
        self._written[run, os.getpid()] = Written()

    def begin(self, opened: Opened) -> None:
        """Write the beginning of a run, and see that it is delivered."""
        self.written(opened.run)
        self.keeper.write(opened)
        self.keeper.serve()

    def local(self, run_id: str) -> str | None:
        """The local id of this run, if it is one of this machine's."""
        if (run_id, os.getpid()) in self._written:
            return run_id
        found = self._joined.get(run_id) or (run_id if self._is_local(run_id) else self.keeper.local(run_id))
        if found is not None and _ID.fullmatch(found):
            self.written(found)
        return found

    def _is_local(self, run_id: str) -> bool:
        if self.keeper.is_open_here(run_id) or self.keeper.remote(run_id) is not None:
            return True
        return any(isinstance(record, Opened) for record in self.keeper.records(run_id))

    def to_write(self, run_id: str, experiment: Callable[[], str]) -> str:
        """The local id under which records of this run are written; one of elsewhere is joined.

        Args:
            run_id: any of the three.
            experiment: names the experiment of a run from elsewhere; may raise, if there is no such run.
        """
        return self.local(run_id) or self.join(run_id, experiment())

    def join(self, run_id: str, experiment: str, *, take_over: bool = False) -> str:
        """Begin to write into a run from elsewhere.

        Args:
            run_id: the store's id of it.
            experiment: where it is made anew if it is gone.
            take_over: whether its end is ours to write.
        """
        run = self._joined[run_id] = os.urandom(16).hex()
        tags = {t.TAKEN_OVER: "1"} if take_over else {}
        if take_over:
            self._taken_over.add(run)
        self.begin(Opened(run, time_ns() // 1_000_000, "", experiment, attach=run_id, tags=tags))
        if take_over:
            self.keeper.write(Tags(run, owner()))
        return run

    def is_ours(self, run: str) -> bool:
        """Whether the end of the run with this local id is ours to write."""
        return run not in self._joined.values() or run in self._taken_over

    def remote_id(self, text: str) -> str:
        """The store's id in place of a local one, waited for; any other text as it is.

        Raises:
            MlflowException: the store does not answer.
        """
        if not _ID.fullmatch(text) or self.local(text) != text:
            return text
        try:
            return self.keeper.awaited(text).run_id
        except BackendUnavailable as error:
            raise unavailable(str(error)) from error

    def in_filter(self, text: str) -> str:
        """The filter with the store's ids in place of ours."""
        return _IDS.sub(lambda found: self.remote_id(found[0]), text)
