"""Which run is around this code: one context variable, and the small reference that travels elsewhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Protocol

from .errors import ConfigError
from .variables import variable


@dataclass(frozen=True)
class RunRef:
    """Enough of a run to log into it, or to be its child, from anywhere.  Holds no secret and pickles small."""

    run: str
    """Local id."""
    folder: str
    """Journal folder that the run's records go to."""
    experiment: str
    stage: str = ""
    run_id: str | None = None
    """MLflow id, for a run that was not opened by us; ours are looked up when somebody asks."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Keys that children inherit, by tag."""
    store: str = ""
    """Address of its store, without credentials; told where the reference may leave this machine."""
    remote: str | None = None
    """MLflow id of a run of ours, if it was known when the reference was sent."""

    @classmethod
    def from_json(cls, text: str | bytes) -> RunRef:
        """The reference that this text is.

        Raises:
            ConfigError: it is none.
        """
        try:
            given = json.loads(text)
            ref, hashes = cls(**given), dict(given.get("hashes", {}))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"this is no reference of a run: {str(text)[:40]!r}") from error
        optional = {"run_id": given.get("run_id") or "", "remote": given.get("remote") or ""}
        if not all(
            isinstance(value, str) for value in {**given, **optional, **hashes, "hashes": ""}.values()
        ):
            raise ConfigError(
                f"this is no reference of a run, since not all in it are texts: {str(text)[:40]!r}"
            )
        return ref

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able form."""
        return asdict(self)


def named_run(given: Any) -> RunRef | str | None:
    """The run that this names: by a reference of ours or by its MLflow id; None if it names none."""
    if isinstance(given, str):
        return given.strip() or None
    ref = given if isinstance(given, RunRef) else getattr(given, "ref", None)
    if isinstance(ref, RunRef):
        return ref
    run_id = getattr(getattr(given, "info", None), "run_id", None)
    return run_id if isinstance(run_id, str) else None


class HasRef(Protocol):
    """What stands in the context variable: a run that is open here, or the reference of one opened elsewhere."""

    @property
    def ref(self) -> RunRef:
        """Its reference."""
        ...

    @property
    def was_joined(self) -> bool:
        """Whether another process has opened it."""
        ...

    @property
    def outer(self) -> HasRef | None:
        """The run around it, in this process."""
        ...


CURRENT: ContextVar[HasRef | None] = ContextVar("tracked_run", default=None)


@contextmanager
def current_is(run: HasRef | None) -> Iterator[None]:
    """Make ``run`` the run around this block, in this thread or task only."""
    token = CURRENT.set(run)
    try:
        yield
    finally:
        leave(run, token)


class Place:
    """What is current in a frame that is left and entered again; blocks that it has open stay open meanwhile."""

    def __init__(self, run: HasRef | None) -> None:
        self._here = run

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be in that frame for one step."""
        token = CURRENT.set(self._here)
        try:
            yield
        finally:
            self._here = CURRENT.get()
            leave(self._here, token)


def leave(run: HasRef | None, token: Token[HasRef | None]) -> None:
    """Undo the ``set`` that gave this token; ``run`` is what is current now if nobody else has set it."""
    try:
        CURRENT.reset(token)
    except ValueError:
        # Left in another context than it was entered in: a block in a fixture, a coroutine stepped by hand.
        if CURRENT.get() is run:
            CURRENT.set(None if token.old_value is Token.MISSING else token.old_value)


class _Open(NamedTuple):
    run: HasRef
    is_astray: bool
    """Whether it was opened in a thread that did not know the run it was started in."""


_OPEN: dict[str, _Open] = {}
"""Every run that is open in this process, by its local id."""


def has_begun(run: HasRef) -> None:
    """Note that this run is open."""
    _OPEN[run.ref.run] = _Open(run, is_astray())


def has_ended(run: HasRef) -> None:
    """Note that this run is open no more."""
    _OPEN.pop(run.ref.run, None)


def open_here(run: str) -> HasRef | None:
    """The run with this local id, if it is open in this process."""
    found = _OPEN.get(run)
    return None if found is None else found.run


def innermost_open() -> HasRef | None:
    """The innermost run that everything open in this process is part of; None if there is no such run.

    The best guess where code has lost its context, and exact where nothing runs at once.
    """
    return _common([run for run, _ in list(_OPEN.values())])


def is_astray() -> bool:
    """Whether this thread may be part of a run that it does not know: Python gives a new thread an empty context."""
    return CURRENT.get() is None and threading.get_ident() != threading.main_thread().ident


def guessed() -> HasRef | None:
    """The run that work in a thread without context is taken to be part of; None if there is no telling.

    It is the innermost that all code which knows its run is part of.  What was opened in threads like this one is
    left aside: those are siblings, and the next task of a pool is no child of the one before.
    """
    if not is_astray():
        return None
    opened = list(_OPEN.values())
    astray = {run.ref.run for run, is_astray in opened if is_astray}
    return _common([run for run, _ in opened if astray.isdisjoint(outer.ref.run for outer in _chain(run))])


def open_runs() -> list[HasRef]:
    """Every run that is open in this process."""
    return [run for run, _ in list(_OPEN.values())]


def is_any_open() -> bool:
    """Whether any run is open in this process."""
    return bool(_OPEN)


def _common(runs: Sequence[HasRef]) -> HasRef | None:
    with_others_inside = {run.outer.ref.run for run in runs if run.outer is not None}
    chains = [_chain(run) for run in runs if run.ref.run not in with_others_inside]
    common = None
    for level in zip(*chains, strict=False):
        if len({run.ref.run for run in level}) > 1:
            break
        common = level[0]
    return common


def is_disabled() -> bool:
    """Whether ``TRACKED_DISABLED`` switches everything off."""
    return variable("TRACKED_DISABLED") not in ("", "0", "false")


def around() -> tuple[HasRef, ...]:
    """The runs around this code, outermost first."""
    return _chain(CURRENT.get())


def _chain(run: HasRef | None) -> tuple[HasRef, ...]:
    """The run with all that is around it, outermost first."""
    chain: list[HasRef] = []
    while run is not None:
        chain.append(run)
        run = run.outer
    return tuple(reversed(chain))
