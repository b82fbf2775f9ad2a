"""Optuna, driven by ask and tell: the loop, its runs, signals and clock stay with the caller."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from ..ports import Suggested, Told
from . import grid
from .asking import Study, Trial
from .making import make_study
from .quiet import unannounced
from .reading import STATES, told
from .search import Search
from .storages import opened


class OptunaEngine:
    """A ``SweepEngine`` over one Optuna study; many threads may ask and tell at once.

    The user's function gets a real ``optuna.Trial``.  As in ``study.optimize``, a trial whose objective is NaN
    or missing has failed: it is never the best and teaches the sampler nothing.

    A study that is continued hands out what is missing of ``n_trials``; complete and pruned trials count as
    done, failed ones and those of a killed process do not.
    """

    def __init__(self, search: Search, study: Study | None = None) -> None:
        self._search = search
        self._lock = threading.Lock()
        self.study = make_study(search, opened(search.storage)) if study is None else study
        self._left = None if search.n_trials is None else search.n_trials - self._done()
        if self._is_grid() and self.study.get_trials(deepcopy=False) and not self._untried_cells():
            self.study.stop()

    @property
    def about(self) -> Mapping[str, str]:
        """Optuna's version, sampler and pruner: the same seed suggests otherwise with another one."""
        return {
            "engine": f"optuna {optuna.__version__}",
            "sampler": type(self.study.sampler).__name__,
            "pruner": type(self.study.pruner).__name__,
        }

    def ask(self) -> Suggested | None:
        """The next trial; None once ``n_trials`` were handed out, all cells were tried, or the study was stopped."""
        if self.study.was_stopped or not self._take():
            return None
        trial = self.study.next_trial()
        return Suggested(trial.number, trial)

    def queue(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Hand out these hyperparameters next, and beyond what is left; also where the study was stopped."""
        for point in points:
            self.study.enqueue_trial(dict(point))
        self.study.was_stopped = False
        with self._lock:
            if self._left is not None:
                self._left = max(0, self._left) + len(points)

    def params(self, suggested: Suggested) -> Mapping[str, Any]:
        """The hyperparameters suggested so far in this trial."""
        trial: Trial = suggested.trial
        return trial.params

    def is_pruned(self, error: BaseException) -> bool:
        """Whether the trial ended by ``optuna.TrialPruned``."""
        return isinstance(error, optuna.TrialPruned)

    def report(self, suggested: Suggested, value: float, step: int) -> None:
        """Take a value on the way; Optuna's pruners know one objective only."""
        if len(self._search.objectives) == 1:
            suggested.trial.hear(value, step)

    def tell(self, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        """Report the end of a trial; if it was reported before, that stays.

        A pruned trial keeps its last reported intermediate value, which Optuna's samplers learn from.
        """
        state = self._search.judge(state, values)
        final = values if state == "complete" else None
        trial: Trial = suggested.trial
        trial.pass_on()
        with unannounced():
            return told(self.study.tell(trial, final, STATES[state], skip_if_finished=True))

    def best(self) -> Told | None:
        """The best complete trial; of several objectives, the one of the Pareto front that leads by the first."""
        return functools.reduce(self._search.better, self.pareto(), None)

    def pareto(self) -> Sequence[Told]:
        """The Pareto front; with one objective, the best trial and its equals."""
        return self._search.front(
            map(told, self.study.get_trials(deepcopy=False, states=(STATES["complete"],)))
        )

    def missing(self) -> Sequence[Mapping[str, Any]]:
        """Cells of a grid; else the failed trials first, as far as ``n_trials`` has room for them."""
        if self._is_grid():
            return tuple(self._untried_cells())
        failed = self.study.get_trials(deepcopy=False, states=(STATES["failed"],))
        return self._search.untried(self._done(), [trial.params for trial in failed])

    def _done(self) -> int:
        return len(self.study.get_trials(deepcopy=False, states=grid.DONE))

    def _is_grid(self) -> bool:
        return isinstance(self.study.sampler, optuna.samplers.BruteForceSampler | optuna.samplers.GridSampler)

    def _untried_cells(self) -> list[dict[str, Any]]:
        trials = self.study.get_trials(deepcopy=False)
        if isinstance(self.study.sampler, optuna.samplers.GridSampler):
            return grid.untried_of_sampler(trials)
        return list(grid.untried(trials))

    def _take(self) -> bool:
        if self._left is None:
            return True
        with self._lock:
            self._left -= 1
            return self._left >= 0
