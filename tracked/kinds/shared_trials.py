"""The trials of a sweep that several processes work on: this process tries some, and shows all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..endings import ended
from ..guard import guard
from ..identity import canonical, to_bytes
from ..joining import joined
from ..plan import RunPlan
from ..ports import Suggested, Told
from ..run import Run
from .again import noted, opened_again, ref_of
from .attempt import Attempt, trial_of
from .sharing import begin_shared, inherit, leave
from .sweep_values import Trial
from .trials import Trials

if TYPE_CHECKING:
    from ..sweeps.shared_engine import SharedEngine

METRICS = 100
"""So many metrics of a trial are told to other processes."""


class SharedAttempt(Attempt):
    """A trial that others may have to go on with, and want to know of."""

    engine: SharedEngine

    def _opened(self, plan: RunPlan) -> Run:
        suggested = self.suggested
        run = opened_again(plan, suggested.run, suggested.attempt) if suggested.run else super()._opened(plan)
        try:
            if run.session is not None:
                self.engine.keep(suggested, run=noted(run))
        except BaseException as error:  # the storage of the study, or Ctrl-C
            ended(run, error)
            raise
        return run

    def _tell(self, state: str, values: Any) -> Told:
        self.engine.keep(self.suggested, metrics=dict(list(self.run.last.items())[:METRICS]))
        return super()._tell(state, values)


class SharedTrials(Trials):
    """One process's share of a sweep."""

    engine: SharedEngine

    def _engine(self) -> SharedEngine:
        from ..sweeps.shared_engine import SharedEngine  # noqa: PLC0415 - loads Optuna: only when a sweep runs

        shared = self.run.plan.study
        return SharedEngine(shared, _code(self.objective), self._is_halted, lambda: inherit(self.run, shared))

    def _begun(self, suggested: Suggested) -> Attempt:
        return SharedAttempt(*self._place(suggested), is_stopped=self.options.stops_trials)

    def _reopened(self, points: Sequence[Mapping[str, Any]]) -> Run:
        """Begin another round, in which others may take part."""
        self.engine.queue(points)
        self.run = begin_shared(replace(self.run.plan, study=None, former=None), self.options)
        self.engine = self._engine()
        return self.run

    def _tell_what_is_looked_for(self) -> None:
        if not self.run.was_joined:
            super()._tell_what_is_looked_for()

    def _log_best(self, told: Told) -> None:
        """The process that has the sweep's run open says what is the best so far, whoever found it."""
        best = None if self.run.was_joined else self.engine.best()
        if best is not None:
            self.run.log(dict(zip(self.search.objectives, best.values, strict=True)), step=told.number)

    def _wind_up(self) -> None:
        """Take in what the others have found; whoever leaves last sums up."""
        is_last = leave(self.run, self.engine.shared)
        for told, kept in self.engine.ended():
            if told.number not in self._ended:
                self._ended[told.number], self._told[told.number] = self._elsewhere(told, kept), told
                self._space.add(told.space)
                self._heard.update(kept.get("metrics", ()), self.search.objectives if told.values else ())
        if is_last:
            self._summarise()

    def _elsewhere(self, told: Told, kept: Mapping[str, Any]) -> Trial:
        """A trial of another process, as that has told of it."""
        there, session = kept.get("run"), self.run.session
        ref = ref_of(there, session) if there and session else None
        return trial_of(told, kept.get("metrics", {}), joined(ref))


def _code(function: Any) -> str:
    """What tells this function from others that search under the same name."""
    with guard:
        function = getattr(function, "function", function)
        return hashlib.sha256(to_bytes(canonical(function).tree)).hexdigest()[:16]
    return ""
