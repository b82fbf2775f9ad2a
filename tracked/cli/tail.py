"""``tracked tail``: a run while it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from .. import tags as t
from ..errors import RunNotFound
from .reaching import told
from .reading import found, id_of, name_of, number, opened
from .references import referred
from .speaking import safe, say, say_json, status_painted

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..session.building import Session

_OPEN = ("RUNNING", "SCHEDULED")
_REST = 5
"""Times as long as the store took to answer it is left alone."""


@click.command()
@click.argument("run")
@click.option(
    "-n", "last", default=10, show_default=True, help="How many of the steps that are there already."
)
@click.option("--every", default=1.0, show_default=True, help="Seconds between two looks, at least.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def tail(*, run: str, last: int, every: float, as_json: bool) -> None:
    """Follow a run while it goes on.

    It tells the steps, and the runs inside as they begin and end, and ends with the run.
    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`.

    Exit codes: 0 the run has ended, 1 a setting is wrong, 3 there is no such
    run, or there are several, 4 the store does not answer, 130 Ctrl-C.
    """
    with told():
        session, followed = opened(), id_of(referred(run))
        for seen in follow(session, followed, last, every):
            say_json(seen.as_dict()) if as_json else say(seen.line())


@dataclass(frozen=True)
class Seen:
    """Something that happened.

    Attributes:
        time: milliseconds since the epoch.
        run: the run that it happened to.
        step: the step, of values.
        values: last values by metric.
        status: the run's status from now on, where it has changed.
    """

    time: int
    run: Facts
    step: int | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    status: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON has it."""
        run = {"time": self.time, "run_id": id_of(self.run), "run_name": name_of(self.run)}
        return run | ({"status": self.status} if self.status else {"step": self.step, "metrics": self.values})

    def line(self) -> str:
        """The same in a line."""
        at = datetime.fromtimestamp(self.time / 1000).astimezone().strftime("%H:%M:%S")
        values = " ".join(f"{safe(key)}={number(value)}" for key, value in self.values.items())
        step = "" if self.step is None else f"step {self.step}"
        parts = (at, safe(name_of(self.run)), step, status_painted(self.status), values)
        return "  ".join(filter(None, parts))


def follow(session: Session, run_id: str, last: int = 10, every: float = 1.0) -> Iterator[Seen]:
    """All that happens to a run until it ends, from so many steps ago on.

    Raises:
        RunNotFound: it is deleted.
        BackendUnavailable: the store does not answer.
    """
    known: set[tuple[int, int, str]] = set()
    states: dict[str, str] = {}
    values: Mapping[str, float] = {}
    is_first = True
    while True:
        began = time.monotonic()
        run = _now(session, run_id)
        has_ended = run.attributes["status"] not in _OPEN
        # A value that came again does not show here: the last look takes all.
        grown = [key for key in run.metrics if has_ended or run.metrics[key] != values.get(key)]
        steps = _new_steps(session, run, grown, known)
        yield from steps[-last:] if is_first and last else () if is_first else steps
        yield from _changes(session, run, states)
        if has_ended:
            yield Seen(
                run.attributes["end_time"] or 0, run, status=str(run.attributes["status"]), values=run.metrics
            )
            return
        values, is_first = run.metrics, False
        time.sleep(max(every, _REST * (time.monotonic() - began)))


def _now(session: Session, run_id: str) -> Facts:
    runs = found(session, most=1, where={"run_id": run_id})
    if not runs:
        raise RunNotFound(f"run {run_id} is no more")
    return runs[0]


def _new_steps(session: Session, run: Facts, keys: list[str], known: set[tuple[int, int, str]]) -> list[Seen]:
    """The points of these metrics that are not known, step by step; from then on they are."""
    from ..mlflow.histories import points  # noqa: PLC0415 - loads MLflow

    there = [
        (key, point) for key in keys for point in points(session.uri, id_of(run), key, session.templates)
    ]
    values = {(point.timestamp, point.step, key): point.value for key, point in there}
    new = sorted(values.keys() - known)
    known.update(new)
    return [
        Seen(at, run, step, {one[2]: values[one] for one in same})
        for (at, step), same in groupby(new, key=lambda one: one[:2])
    ]


def _changes(session: Session, run: Facts, states: dict[str, str]) -> Iterator[Seen]:
    """The runs inside whose status is not what it was; notes it."""
    for inside in reversed(found(session, where={f"tags.{t.MLFLOW_PARENT}": id_of(run)})):
        status = str(inside.attributes["status"])
        if states.get(id_of(inside)) != status:
            states[id_of(inside)] = status
            at = inside.attributes["end_time"] or inside.attributes["start_time"] or 0
            yield Seen(at, inside, values=inside.metrics, status=status)
