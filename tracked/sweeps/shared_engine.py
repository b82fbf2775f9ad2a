"""One engine of several: each worker on a shared study asks and tells through one of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState, create_trial

from ..patience import pauses
from ..ports import Suggested, Told
from .asking import Trial
from .optuna_engine import OptunaEngine
from .reading import STATES, told
from .shared import WORKER, Seen, SharedStudy
from .spaces import Spaces

OURS = "tracked."
ATTEMPT, RUN, CODE = (OURS + name for name in ("attempt", "run", "code"))
"""Attributes of a trial: for which time it is tried, in which run, and by which function."""
ATTEMPTS = 3
"""Workers that may die of one trial."""


class SharedEngine(OptunaEngine):
    """A ``SweepEngine`` that hands out ``n_trials`` over all workers, and the trials of workers that died.

    It asks for nothing more only when the others have nothing left either: until then one of them may die.

    Args:
        shared: the study.
        code: tells the user's function from others.
        is_halted: whether the caller will try nothing more in any case.
        inherit: called where the worker that had the parent open is gone, and this one is to have it.
    """

    def __init__(
        self,
        shared: SharedStudy,
        code: str = "",
        is_halted: Callable[[], bool] = lambda: False,
        inherit: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(shared.search, shared.study)
        self.shared, self._code, self._is_halted, self._inherit = shared, code, is_halted, inherit

    def ask(self) -> Suggested | None:
        """The next trial, or one that another worker has died of; None once no worker has any."""
        for pause in pauses(0.02, 1.0):
            with self.shared.alone():
                if self.study.was_stopped:
                    return None
                seen = self.shared.seen()
                if inherits := seen.owner not in seen.living:
                    self.shared.own()
                found = self._orphan(seen) or self._next(seen)
            if inherits:
                self._inherit()
            if found is not None or not seen.at_work or self._is_halted():
                return found
            time.sleep(pause)
        raise AssertionError

    def _orphan(self, seen: Seen) -> Suggested | None:
        """A trial whose worker has died."""
        for trial in seen.running:
            if trial.user_attrs[WORKER] in seen.living:
                continue
            attempt = trial.user_attrs[ATTEMPT] + 1
            if attempt > ATTEMPTS:
                self._give_up(trial)
                continue
            taken = self._marked(trial, {WORKER: self.shared.worker.name, ATTEMPT: attempt})
            return self._suggested(seen, taken, attempt, trial.user_attrs.get(RUN))
        return None

    def _give_up(self, trial: FrozenTrial) -> None:
        with suppress(UpdateFinishedTrialError):
            self.shared.storage.set_trial_state_values(trial._trial_id, STATES["failed"])  # noqa: SLF001 - no other name

    def _next(self, seen: Seen) -> Suggested | None:
        attributes = {WORKER: self.shared.worker.name, ATTEMPT: 1, CODE: self._code}
        # Marked before it begins, or born marked: a worker may die at any moment, and what it leaves says whose it is.
        for trial in seen.trials:
            if trial.state is TrialState.WAITING:
                waited = self._marked(trial, attributes)
                if self.shared.storage.set_trial_state_values(waited, TrialState.RUNNING):
                    return self._suggested(seen, waited, 1)
        if not self._has_room(seen):
            return None
        template = create_trial(state=TrialState.RUNNING, user_attrs=attributes)
        return self._suggested(seen, self.shared.storage.create_new_trial(self.shared.id, template), 1)

    def _marked(self, trial: FrozenTrial, attributes: Mapping[str, Any]) -> int:
        """Say of a trial that has not ended whose it is; its number in the storage."""
        number: int = trial._trial_id  # noqa: SLF001 - no other name
        for name, value in attributes.items():
            self.shared.storage.set_trial_user_attr(number, name, value)
        return number

    def _has_room(self, seen: Seen) -> bool:
        """Whether another trial may begin, over all workers."""
        running = len(seen.running)
        if self._is_grid():
            return not seen.trials or len(self._untried_cells()) > running
        if self._search.n_trials is None:
            return True
        ended = sum(trial.state.is_finished() for trial in seen.trials) - seen.round.forgiven
        return ended + running < self._search.n_trials

    def _suggested(
        self, seen: Seen, trial_id: int, attempt: int, run: Mapping[str, Any] | None = None
    ) -> Suggested:
        trial: Trial = self.study.trial_of(trial_id)
        others = [other for other in seen.trials if other.user_attrs.get(CODE) not in (None, self._code)]
        if others:
            trial.meets = Spaces(self.shared.told, (other.distributions for other in others)).meets
        return Suggested(trial.number, trial, attempt, run)

    def keep(self, suggested: Suggested, **noted: Any) -> None:
        """Note something of a trial that has not ended, for other workers: its ``run`` or its ``metrics``."""
        with self.shared.reached(), suppress(UpdateFinishedTrialError):
            for name, value in noted.items():
                suggested.trial.set_user_attr(OURS + name, value)

    def tell(self, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        """Report the end of a trial; if another worker has told it, since this one was taken for dead, that stays."""
        with self.shared.reached():
            try:
                return super().tell(suggested, state, values)
            except UpdateFinishedTrialError:
                return told(self._frozen(suggested.number))

    def ended(self) -> list[tuple[Told, Mapping[str, Any]]]:
        """The trials of this round that have ended, whoever had them, and what was noted of them."""
        seen = self.shared.seen()
        return [
            (told(trial), {name.removeprefix(OURS): value for name, value in trial.user_attrs.items()})
            for trial in seen.trials
            if trial.state.is_finished() and (trial.number >= seen.round.first or _is_later(trial))
        ]

    def _frozen(self, number: int) -> FrozenTrial:
        return next(trial for trial in self.shared.seen().trials if trial.number == number)


def _is_later(trial: FrozenTrial) -> bool:
    return bool(trial.user_attrs.get(ATTEMPT, 1) > 1)
