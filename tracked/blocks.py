"""A run around a block of code, for ``with`` and ``async with``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from .context import CURRENT, leave
from .endings import ended
from .guard import guard
from .inputs import flat_params
from .naming import run_name
from .plan import Kind, RunPlan
from .run import Run
from .scope import open_run


class Block:
    """Opens a run where the block begins, and ends it where the block does; it may be entered again and again."""

    def __init__(
        self,
        name: str,
        kind: str | Kind,
        parent: Any,
        experiment: str | None,
        tags: Mapping[str, str],
        params: Mapping[str, Any],
    ) -> None:
        self.kind = kind if isinstance(kind, Kind) else Kind(str(kind))
        self._given = name, parent, experiment, tags, params
        self._open: list[tuple[Run, Any]] = []

    def plan(self) -> RunPlan:
        """The run that is asked for; what cannot be read of it is left out."""
        (name, parent, experiment, tags, params), kind = self._given, self.kind
        experiment = None if experiment is None else str(experiment)
        plan = RunPlan(run_name(str(name), kind.stage), kind.stage, experiment, parent)
        with guard:
            flat = flat_params(params)
            plan = replace(plan, params=flat.values, whole_params=flat.long, secrets=flat.secrets)
            return replace(plan, tags={str(k): str(v) for k, v in {**kind.tags, **tags}.items()})
        return plan

    def begin(self) -> Run:
        """Open the run."""
        return open_run(self.plan())

    def __enter__(self) -> Run:
        opened = self.begin()
        self._open.append((opened, CURRENT.set(opened)))
        return opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, token = self._open.pop()
        leave(opened, token)
        ended(opened, error)

    async def __aenter__(self) -> Run:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
