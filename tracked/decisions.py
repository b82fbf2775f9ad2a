"""What is asked about a call before its run is opened, and what was decided, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .call import Call
from .plan import NEW, REUSE, Kind, Options, RunPlan
from .run import Run
from .scope import open_run


@dataclass(frozen=True)
class Question:
    """A call that is about to be made, and may have been made before."""

    kind: Kind
    options: Options
    call: Call
    function: Any
    plan: RunPlan
    """The run that it would get."""

    @property
    def key(self) -> str | None:
        """What its work is recognised by."""
        return self.plan.key.hash if self.plan.key else None


@dataclass(frozen=True)
class Decision:
    """What is done about a call.

    Attributes:
        how: ``"new"``, ``"reuse"`` or ``"resume"``; an error is raised and is no decision.
        plan: the run that it gets, as far as that is known by now.
        result: of ``"reuse"``: what the call gives back.
        begin: of ``"resume"``: opens the run, given the plan, where it stands in the tree.
    """

    how: str = NEW
    plan: RunPlan | None = None
    result: Any = field(default=None, repr=False)
    begin: Callable[[RunPlan], Run] = open_run

    @property
    def is_reuse(self) -> bool:
        """Whether the function does not run."""
        return self.how == REUSE


AS_NEW = Decision()
