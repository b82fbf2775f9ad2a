"""Optuna, driven by ask and tell: the loop, its runs, signals and clock stay with the caller."""

from __future__ import annotations

import functools
import logging
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import optuna

from ..errors import ConfigError
from ..ports import Suggested, Told
from . import grid
from .asking import Study, Trial
from .reading import STATES, told
from .search import PRUNERS, SAMPLERS, Search


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
        with suppress(RuntimeError):  # it was told by the user's function
            trial.pass_on()
        with _unannounced():
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


class Grid(optuna.samplers.BruteForceSampler):
    """Optuna's sampler that tries everything once, with a word for what has no end."""

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """The next value."""
        if getattr(param_distribution, "step", 1) is None:
            raise ConfigError(
                f"a grid has a step in each direction: suggest_float({param_name!r}, ..., step=...), or choices"
            )
        return super().sample_independent(study, trial, param_name, param_distribution)


def _study(search: Search) -> Study:
    """A new study, or the one of this name with all that it has learnt."""
    storage = optuna.storages.get_storage(search.storage)
    with _unannounced():
        made = optuna.create_study(
            storage=storage,
            sampler=_sampler(search),
            pruner=_pruner(search),
            study_name=search.study_name,
            load_if_exists=search.study_name is not None,
            directions=search.directions,
        )
    return Study(made.study_name, storage, made.sampler, made.pruner)


def _sampler(search: Search) -> Any:
    """The sampler given, or the one of that name; TPE is Optuna's own choice too."""
    if search.sampler == "grid":
        with warnings.catch_warnings():
            # Whoever asks for a grid need not know that Optuna calls this sampler experimental, since 3.1.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return Grid(seed=search.seed)
    if search.sampler is None or isinstance(search.sampler, str):
        return getattr(optuna.samplers, SAMPLERS[search.sampler or "tpe"])(seed=search.seed)
    return search.sampler


def _pruner(search: Search) -> Any:
    if isinstance(search.pruner, str):
        return getattr(optuna.pruners, PRUNERS[search.pruner])()
    return search.pruner


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
