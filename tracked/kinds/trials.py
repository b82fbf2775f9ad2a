"""The trials of a sweep: a run each, tried one after the other or several at once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any

from .. import tags as t
from ..context import current_is
from ..errors import MetricNotFound
from ..guard import guard
from ..handles import block
from ..ports import Suggested, SweepEngine, Told
from ..run import Run
from ..sweeps import Search
from .again import noted, opened_again
from .attempt import Attempt, trial_of
from .sweep_options import SweepOptions
from .sweep_progress import Progress
from .sweep_report import search_of
from .sweep_summary import Space, Summary, about
from .sweep_values import Sweep, Trial


class Trials:
    """Asks the engine, runs the objective in a run of its own, tells the engine."""

    def __init__(self, run: Run, options: SweepOptions, objective: Callable[[Any], Any]) -> None:
        self.run, self.options, self.objective = run, options, objective
        self.search = options.search
        self.engine = self._engine()
        self._ended: dict[int, Trial] = {}
        self._told: dict[int, Told] = {}
        self._best = self.engine.best()
        self._progress = Progress(run, self.search)
        self._space = Space()
        self._heard: set[str] = set()
        self._any_returned = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._until = self._last_moment()
        self._attempt = 1

    def _engine(self) -> SweepEngine:
        from ..sweeps.optuna_engine import OptunaEngine  # noqa: PLC0415 - loads Optuna: only when a sweep runs

        return OptunaEngine(self.search)

    def sweep(self) -> Sweep:
        """What the user gets, as far as it is known by now."""
        with self._lock:
            trials = tuple(self._ended[number] for number in sorted(self._ended))
        best = self.engine.best()
        return Sweep(
            self.run,
            trials,
            None if best is None else self._shown(best),
            tuple(map(self._shown, self.engine.pareto())),
            self.search.objectives,
            self.engine.missing(),
            self.retry,
        )

    def retry(self, points: Sequence[Mapping[str, Any]]) -> Sweep:
        """Try these hyperparameters, after the sweep has ended; its run is open meanwhile."""
        self._stop.clear()
        self._until = self._last_moment()
        with block(self._reopened(points)):
            return self.try_all()

    def _reopened(self, points: Sequence[Mapping[str, Any]]) -> Run:
        self.engine.queue(points)
        self._attempt += 1
        self.run = opened_again(self.run.plan, noted(self.run), self._attempt)
        return self.run

    def _last_moment(self) -> float:
        return math.inf if self.options.timeout is None else time.monotonic() + self.options.timeout

    def _shown(self, told: Told) -> Trial:
        """A trial of this call, or of an earlier one that this study goes on from."""
        return self._ended.get(told.number) or trial_of(told, {}, None)

    def try_all(self) -> Sweep:
        """Try until the engine has nothing left, time is up, or a trial raises what is not caught.

        Raises:
            MetricNotFound: what was to be optimised never came.
        """
        with guard:
            self._tell_what_is_looked_for()
        try:
            self._work_at_once(self.options.n_jobs)
        finally:
            with guard:
                self._progress.close()
                self._wind_up()
        sweep = self.sweep()
        self._check_heard(sweep)
        return sweep

    def _tell_what_is_looked_for(self) -> None:
        seed = {} if self.search.seed is None else {"seed": str(self.search.seed)}
        searched = {**self.engine.about, **seed}
        self.run.tag(about(self.search.objectives, self.search.directions, searched))

    def _wind_up(self) -> None:
        self._summarise()

    def _work_at_once(self, n_jobs: int) -> None:
        if n_jobs == 1:
            self._work()
            return
        pool = ThreadPoolExecutor(n_jobs, thread_name_prefix="tracked-trial")
        try:
            # Each worker carries the context on, so that its trials stand under this sweep.
            workers = [pool.submit(copy_context().run, self._work) for _ in range(n_jobs)]
            # A signal that comes just before a wait without end is not seen until that ends.
            while (
                wait(workers, timeout=0.05, return_when=FIRST_EXCEPTION).not_done and not self._stop.is_set()
            ):
                continue
            for worker in workers:
                worker.result()
        finally:
            # Ctrl-C reaches this thread only, and at any moment: the others end after the trial they are at.
            self._stop.set()
            pool.shutdown()

    def _work(self) -> None:
        try:
            while not self._is_halted():
                suggested = self.engine.ask()
                if suggested is None:
                    return
                self._try(suggested)
        except BaseException:  # the other threads begin no further trial either
            self._stop.set()
            raise

    def _is_halted(self) -> bool:
        """Whether no further trial begins, whatever is left."""
        return self._stop.is_set() or time.monotonic() >= self._until

    def _begun(self, suggested: Suggested) -> Attempt:
        return Attempt(*self._place(suggested), is_stopped=self.options.stops_trials)

    def _place(self, suggested: Suggested) -> tuple[Any, Search, Suggested, str | None]:
        return self.engine, self.search, suggested, self.run.ref.hashes.get(t.STUDY_KEY_HASH)

    def _try(self, suggested: Suggested) -> None:
        attempt = self._begun(suggested)
        with guard:
            self._progress.begun()
        try:
            with current_is(attempt.run):
                result = self.objective(suggested.trial)
        except BaseException as error:  # the user's: the trial ends by it, and the sweep, unless it is caught
            told = attempt.raised(error)
            self._note(attempt, told)
            if told.state != "pruned" and not isinstance(error, self.options.caught):
                raise
        else:
            self._any_returned = True
            told = attempt.returned(result)
            self._note(attempt, told)
        for callback in self.options.called:
            callback(self.sweep(), self._ended[told.number])

    def _note(self, attempt: Attempt, told: Told) -> None:
        """Take in how a trial ended; the sweep's own metrics are the best so far, a step a trial."""
        with guard:
            self._progress.ended(told)
        with self._lock:
            self._ended[told.number], self._told[told.number] = attempt.trial(told), told
            # A trial that the user's function told by itself is complete without our hearing of it.
            self._heard.update(attempt.heard, self.search.objectives if told.state == "complete" else ())
            with guard:
                self._space.add(told.space)
                self._log_best(told)

    def _log_best(self, told: Told) -> None:
        self._best = self.search.better(self._best, told)
        if self._best is not None:
            found = zip(self.search.objectives, self._best.values, strict=True)
            self.run.log(dict(found), step=len(self._ended) - 1)

    def _summarise(self) -> None:
        best = self.engine.best()
        trial = None if best is None else self._shown(best)
        front = self.engine.pareto() if len(self.search.objectives) > 1 else ()
        Summary(
            search_of(self.search.objectives, self.search.directions, self._told.values(), best, front),
            best,
            self._space,
            trial.metrics if trial else {},
        ).write(self.run)
        if trial and trial.run:
            self.run.tag({t.BEST_TRIAL_RUN_ID: trial.run.ref.run})

    def _check_heard(self, sweep: Sweep) -> None:
        """Refuse to call it a search if one of the objectives was never there; what was raised was said already."""
        never = [name for name in self.search.objectives if name not in self._heard]
        if not never or not self._any_returned:
            return
        names = sorted(self._heard.difference(self.search.objectives))
        logged = f"metrics that were: {', '.join(names)}" if names else "no other metric was, either"
        asked = "" if self.options.names_objectives else ' (name yours: maximize="acc" or minimize="loss")'
        raise MetricNotFound(
            f"{', '.join(never)} was to be optimised, and no trial of {self.run.name} returned or logged it{asked}; "
            f"{logged}. The {len(sweep.trials)} trials are kept, here as `.sweep`.",
            sweep,
        )
