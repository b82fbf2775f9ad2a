"""One trial: its run, what is heard in it, and how it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .. import tags as t
from ..endings import ended, log_result
from ..errors import IdentityError, TrialPruned
from ..guard import guard
from ..identity import trial_key
from ..measure import number_of
from ..naming import run_name
from ..outcome import Outcome
from ..plan import RunPlan
from ..ports import Suggested, SweepEngine, Told
from ..records import Steps
from ..run import Run
from ..scope import open_run
from ..sweeps import Search
from .sweep_values import Trial

STAGE = "hpo_trial"


class Attempt:
    """A trial that is at work."""

    def __init__(
        self,
        engine: SweepEngine,
        search: Search,
        suggested: Suggested,
        study: str | None,
        *,
        is_stopped: bool = False,
    ) -> None:
        self.engine, self.search, self.suggested, self.study = engine, search, suggested, study
        self.is_stopped = is_stopped
        """Whether a hopeless trial ends where it logs, because its function has no trial to ask."""
        self.heard: dict[str, float] = {}
        """The last value of each metric that was logged in the trial or in a run inside it."""
        self._is_over = False
        name = run_name("trial", STAGE, trial_number=suggested.number)
        tags = {t.TRIAL_NUMBER: str(suggested.number)}
        self.run: Run = self._opened(
            RunPlan(name, STAGE, is_named=False, tags=tags, monitor=search.objectives[0])
        )
        self.run.heard_by = self._hear

    def _opened(self, plan: RunPlan) -> Run:
        return open_run(plan)

    def _hear(self, numbers: Mapping[str, float], steps: Steps) -> None:
        self.heard.update(numbers)
        objective = self.search.objectives[0]
        if objective in numbers and not self._is_over:
            step = steps if isinstance(steps, int) else steps[objective]
            self.engine.report(self.suggested, numbers[objective], step)
            if self.is_stopped and self.suggested.trial.should_prune():
                raise TrialPruned(f"{objective}={numbers[objective]:.6g} at step {step}")

    def raised(self, error: BaseException) -> Told:
        """End it by what the user's function raised."""
        self._is_over = True
        pruned = isinstance(error, TrialPruned) or self.engine.is_pruned(error)
        told = Told(self.suggested.number, "pruned" if pruned else "failed", (), {})
        with guard:
            told = self._tell(told.state, None)
        if pruned:
            self.run.close(Outcome())
        else:
            ended(self.run, error)
        return told

    def returned(self, result: Any) -> Told:
        """End it by what the user's function returned."""
        self._is_over = True
        with guard:
            log_result(self.run, named_result(self.search.objectives, result))
        try:
            told = self._tell("complete", self._objectives(result))
        except BaseException as error:  # the storage of the study, or Ctrl-C
            ended(self.run, error)
            raise
        failed = told.state == "failed"
        self.run.close(Outcome("FAILED", {t.END_REASON: self._lack()}) if failed else Outcome())
        return told

    def _objectives(self, result: Any) -> Sequence[float] | None:
        """The value of each objective: as returned, else as last logged."""
        names = self.search.objectives
        self.heard.update(in_order(names, result))
        return None if self.lacking() else [self.heard[name] for name in names]

    def lacking(self) -> list[str]:
        """The objectives of which nothing was heard."""
        return [name for name in self.search.objectives if name not in self.heard]

    def _lack(self) -> str:
        if lacking := self.lacking():
            return f"no number was returned or logged for {', '.join(lacking)}"
        if any(math.isnan(self.heard[name]) for name in self.search.objectives):
            return f"NaN is no value for {', '.join(self.search.objectives)}"
        return "another worker took this one for dead, and has ended its trial"

    def _tell(self, state: str, values: Sequence[float] | None) -> Told:
        told = self.engine.tell(self.suggested, state, values)
        with guard:
            self.run.params(told.params)
            self.run.tag({t.TRIAL_STATE: told.state, **self._key(told)})
            last = self.run.last
            found = zip(self.search.objectives, told.values, strict=False)
            self.run.log({name: value for name, value in found if last.get(name) != value})
            self.run.log({f"constraint/{name}": value for name, value in told.constraints.items()})
        return told

    def _key(self, told: Told) -> dict[str, str]:
        try:
            return {t.TRIAL_KEY_HASH: trial_key(self.study, told.params).hash} if self.study else {}
        except IdentityError:
            return {}

    def trial(self, told: Told) -> Trial:
        """The trial for the user's eyes."""
        return trial_of(told, self.run.last, self.run)


def in_order(names: Sequence[str], result: Any) -> dict[str, float]:
    """The numbers of a returned tuple or list, by the names of the objectives."""
    if type(result) not in (tuple, list):
        return {}
    numbers = zip(names, map(number_of, result), strict=False)
    return {name: number for name, number in numbers if number is not None}


def named_result(names: Sequence[str], result: Any) -> Any:
    """A tuple of the objectives with their names; whatever else is returned goes by its type."""
    named = in_order(names, result)
    return named if named and len(named) == len(result) else result


def trial_of(told: Told, metrics: Mapping[str, float], run: Run | None) -> Trial:
    """A trial of the engine's, for the user's eyes."""
    return Trial(told.number, told.params, told.values, told.state, dict(metrics), run, told.constraints)
