"""Optuna, driven by ask and tell: the loop, its runs, signals and clock stay with the caller."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from ..ports import Suggested, Told
from .search import PRUNERS, SAMPLERS, Search

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
_NAMES = {state: name for name, state in _STATES.items()}


class OptunaEngine:
    """A ``SweepEngine`` over one Optuna study; many threads may ask and tell at once.

    The user's function gets a real ``optuna.Trial``.  As in ``study.optimize``, a trial whose objective is NaN
    or missing has failed: it is never the best and teaches the sampler nothing.

    A study that is continued hands out what is missing of ``n_trials``; complete and pruned trials count as
    done, failed ones and those of a killed process do not.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._lock = threading.Lock()
        self.study = _study(search)
        self._left = _left(self.study, search.n_trials)

    def ask(self) -> Suggested | None:
        """The next trial; None once ``n_trials`` were handed out."""
        if not self._take():
            return None
        trial = self.study.ask()
        return Suggested(trial.number, trial)

    def params(self, suggested: Suggested) -> Mapping[str, Any]:
        """The hyperparameters suggested so far in this trial."""
        trial: Trial = suggested.trial
        return trial.params

    def is_pruned(self, error: BaseException) -> bool:
        """Whether the trial ended by ``optuna.TrialPruned``."""
        return isinstance(error, optuna.TrialPruned)

    def tell(self, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        """Report the end of a trial; if it was reported before, that stays.

        A pruned trial keeps its last reported intermediate value, which Optuna's samplers learn from.
        """
        state = self._search.judge(state, values)
        final = values if state == "complete" else None
        with _unannounced():
            return _told(self.study.tell(suggested.trial, final, _STATES[state], skip_if_finished=True))

    def best(self) -> Told | None:
        """The best complete trial; of several objectives, the one of the Pareto front that leads by the first."""
        if len(self._search.directions) > 1:
            return self._leader()
        try:
            return _told(self.study.best_trial)
        except ValueError:  # Optuna's word for: there is none
            return None

    def _leader(self) -> Told | None:
        front = self.study.best_trials
        leads = max if self._search.directions[0] == "maximize" else min
        return _told(leads(front, key=lambda trial: trial.values[0])) if front else None

    def _take(self) -> bool:
        if self._left is None:
            return True
        with self._lock:
            self._left -= 1
            return self._left >= 0


def _study(search: Search) -> optuna.Study:
    """A new study, or the one of this name with all that it has learnt."""
    with _unannounced():
        return optuna.create_study(
            storage=search.storage,
            sampler=_sampler(search),
            pruner=_pruner(search),
            study_name=search.study_name,
            load_if_exists=search.study_name is not None,
            directions=search.directions,
        )


def _sampler(search: Search) -> Any:
    """The sampler given, or the one of that name; TPE is Optuna's own choice too."""
    if search.sampler is None or isinstance(search.sampler, str):
        return getattr(optuna.samplers, SAMPLERS[search.sampler or "tpe"])(seed=search.seed)
    return search.sampler


def _pruner(search: Search) -> Any:
    if isinstance(search.pruner, str):
        return getattr(optuna.pruners, PRUNERS[search.pruner])()
    return search.pruner


def _left(study: optuna.Study, n_trials: int | None) -> int | None:
    if n_trials is None:
        return None
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return n_trials - len(done)


def _told(trial: FrozenTrial) -> Told:
    return Told(trial.number, _NAMES[trial.state], tuple(trial.values or ()), trial.params)


@contextmanager
def _unannounced() -> Iterator[None]:
    """Keep Optuna's announcements of this thread off its console handler.

    The verbosity is the user's and global, so it is not touched: warnings, other threads and handlers of the
    user's own are heard as before.
    """
    here = threading.get_ident()

    def heard(record: logging.LogRecord) -> bool:
        return record.thread != here or record.levelno > logging.INFO

    with ExitStack() as stack:
        for handler in logging.getLogger("optuna").handlers:
            if type(handler) is logging.StreamHandler:
                handler.addFilter(heard)
                stack.callback(handler.removeFilter, heard)
        yield
