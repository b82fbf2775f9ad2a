"""The six facts that a run is made of.

A record is frozen and complete: its time was fixed at the call that made it, so that it can be sent twice
without becoming two.  Online delivery, ``tracked sync``, the in-memory backend of tests and the notebook's
view all read the same six.  ``run`` is always the *local* id of a run: 32 hex digits, known at once,
whatever id MLflow gives the run later.  Times are milliseconds since the epoch.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Union

from .errors import TrackedError

Steps = Union[int, Mapping[str, int]]  # noqa: UP007 - a value at run time, on 3.10 too
"""One step for all values of a call, or one for each key."""


class Opened(NamedTuple):
    """A run begins."""

    run: str
    time: int
    name: str
    experiment: str
    parent: str | None = None
    """Local id of the tracked run above this one."""
    parent_id: str | None = None
    """MLflow id of the run above, where that is not one of ours."""
    attach: str | None = None
    """MLflow id of a run that exists already and is only joined, never created and never ended by us."""
    tags: Mapping[str, str] = {}
    """Tags that must be there from the first moment: identity and origin."""
    inherit: str | None = None
    """MLflow id of a run whose study and trial hashes, if it has them, win over those in ``tags``."""


class Params(NamedTuple):
    """Inputs of a run; written once."""

    run: str
    values: Mapping[str, str]


class Metrics(NamedTuple):
    """Numbers measured at one moment."""

    run: str
    time: int
    steps: Steps
    values: Mapping[str, float]


class Tags(NamedTuple):
    """Labels of a run; the last one wins."""

    run: str
    values: Mapping[str, str]


class Artifact(NamedTuple):
    """A file or a folder that belongs to a run, or that is no longer wanted there."""

    run: str
    name: str
    """Path among the run's artifacts, with ``/``, its own name included."""
    stored: str
    """Path of our copy below the journal folder."""
    size: int
    """Bytes in all; -1 where what lies under ``name`` is to be removed."""

    @property
    def is_removal(self) -> bool:
        """Whether what lies under ``name`` is no longer wanted."""
        return self.size < 0


class Closed(NamedTuple):
    """A run ends."""

    run: str
    time: int
    status: str
    """FINISHED, FAILED or KILLED."""


Record = Union[Opened, Params, Metrics, Tags, Artifact, Closed]  # noqa: UP007 - as above


class BadRecord(TrackedError):
    """A line of a journal that is whole but does not say what a record must say."""


def to_json(record: Record) -> tuple[Any, ...]:
    """The record as a flat JSON array that begins with its kind."""
    return (_NAMES[type(record)], *record)


def from_json(value: object) -> Record:
    """The record that :func:`to_json` wrote.

    Raises:
        BadRecord: for anything else; what comes from a file is never trusted.
    """
    if not isinstance(value, list) or not value or type(value[0]) is not str or value[0] not in _KINDS:
        raise BadRecord(f"no record begins like this: {reprlib.repr(value)}")
    if len(value) == 5 and value[0] == "metrics":
        # Nearly all lines are such, of plain numbers at one step: they are not looked at field by field.
        _, run, time, steps, values = value
        if type(run) is str and type(time) is int and type(steps) is int and _are_floats(values):
            return Metrics(run, time, steps, values)
    kind = _KINDS[value[0]]
    checks = _CHECKS[kind]
    fields = value[1:]
    if len(fields) != len(checks):
        raise BadRecord(f"{kind.__name__} has {len(checks)} fields, not {len(fields)}")
    for name, check, field in zip(kind._fields, checks, fields, strict=True):
        if not check(field):
            raise BadRecord(f"{kind.__name__}.{name} cannot be {reprlib.repr(field)}")
    if kind is Metrics:
        fields[-1] = _numbers(fields[-1])
    record: Record = kind(*fields)
    return record


def _numbers(values: Mapping[str, float | str]) -> dict[str, float]:
    # NaN and the infinities are written by name, since JSON has none.
    return {key: float(value) for key, value in values.items()}


def _text(value: object) -> bool:
    return type(value) is str


def _text_or_none(value: object) -> bool:
    return value is None or type(value) is str


def _whole(value: object) -> bool:
    return type(value) is int


def _texts(value: object) -> bool:
    return type(value) is dict and all(map(_text, value.values()))


def _wholes(value: object) -> bool:
    return type(value) is int or (type(value) is dict and all(map(_whole, value.values())))


def _floats(value: object) -> bool:
    return type(value) is dict and all(type(v) in (float, int) or v in _BY_NAME for v in value.values())


def _are_floats(value: object) -> bool:
    return type(value) is dict and _FLOAT.issuperset(map(type, value.values()))


_BY_NAME = ("nan", "inf", "-inf")
_FLOAT = frozenset({float})
_STATES = ("FINISHED", "FAILED", "KILLED")
_KINDS: dict[object, Any] = {k.__name__.lower(): k for k in (Opened, Params, Metrics, Tags, Artifact, Closed)}
_NAMES: dict[type, str] = {kind: name for name, kind in _KINDS.items()}  # type: ignore[misc]
_CHECKS: dict[Any, tuple[Callable[[object], bool], ...]] = {
    Opened: (_text, _whole, _text, _text, _text_or_none, _text_or_none, _text_or_none, _texts, _text_or_none),
    Params: (_text, _texts),
    Metrics: (_text, _whole, _wholes, _floats),
    Tags: (_text, _texts),
    Artifact: (_text, _text, _text, _whole),
    Closed: (_text, _whole, _STATES.__contains__),
}
