"""Which run is around this code: one context variable, and the small reference that travels elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol


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

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able form."""
        return asdict(self)


class HasRef(Protocol):
    """What stands in the context variable: a run that is open here, or the reference of one opened elsewhere."""

    @property
    def ref(self) -> RunRef:
        """Its reference."""
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
        CURRENT.reset(token)


def around() -> tuple[HasRef, ...]:
    """The runs around this code, outermost first."""
    chain: list[HasRef] = []
    run = CURRENT.get()
    while run is not None:
        chain.append(run)
        run = run.outer
    return tuple(reversed(chain))
