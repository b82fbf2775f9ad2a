"""The six facts that a run is made of.

A record is frozen and complete: its time was fixed at the call that made it, so that it can be sent twice
without becoming two.  Online delivery, ``tracked sync``, the in-memory backend of tests and the notebook's
view all read the same six.  ``run`` is always the *local* id of a run: 32 hex digits, known at once,
whatever id MLflow gives the run later.  Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Union

from .errors import TrackedError

Steps = Union[int, Mapping[str, int]]
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
    """A file that belongs to a run."""

    run: str
    name: str
    """Path among the run's artifacts, with ``/``, file name included."""
    stored: str
    """Path of our copy below the journal folder."""
    size: int


class Closed(NamedTuple):
    """A run ends."""

    run: str
    time: int
    status: str
    """FINISHED, FAILED or KILLED."""


Record = Union[Opened, Params, Metrics, Tags, Artifact, Closed]


class BadRecord(TrackedError):
    """A line of a journal that is whole but does not say what a record must say."""


_BY_NAME: dict[str, Callable[..., Record]] = {
    kind.__name__.lower(): kind for kind in (Opened, Params, Metrics, Tags, Artifact, Closed)
}


def to_json(record: Record) -> tuple[Any, ...]:
    """The record as a flat JSON array that begins with its kind."""
    return (type(record).__name__.lower(), *record)


def from_json(value: object) -> Record:
    """The record that :func:`to_json` wrote.

    Raises:
        BadRecord: for anything else; what comes from a file is never trusted.
    """
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise BadRecord(f"a record is an array that begins with its kind, not {type(value).__name__}")
    kind = _BY_NAME.get(value[0])
    if kind is None:
        raise BadRecord(f"no record is called {value[0]!r}")
    return _checked(kind, value[1:])


def _checked(kind: Callable[..., Record], fields: list[Any]) -> Record:
    try:
        record = kind(*fields)
    except TypeError as error:
        raise BadRecord(str(error)) from error
    for name, value in record._asdict().items():
        if not _FIELDS[name](value):
            raise BadRecord(f"{type(record).__name__}.{name} cannot be {type(value).__name__}")
    return record


def _text(value: object) -> bool:
    return isinstance(value, str)


def _text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_text, value)) and all(map(_text, value.values()))


def _values(value: object) -> bool:
    """Texts for params and tags, numbers for metrics."""
    return _texts(value) or (
        isinstance(value, dict) and all(isinstance(v, float | int) for v in value.values())
    )


def _steps(value: object) -> bool:
    return _whole(value) or (isinstance(value, dict) and all(map(_whole, value.values())))


_FIELDS: dict[str, Callable[[object], bool]] = {
    "run": _text,
    "time": _whole,
    "name": _text,
    "experiment": _text,
    "parent": _text_or_none,
    "parent_id": _text_or_none,
    "attach": _text_or_none,
    "inherit": _text_or_none,
    "tags": _texts,
    "values": _values,
    "steps": _steps,
    "stored": _text,
    "size": _whole,
    "status": _text,
}
