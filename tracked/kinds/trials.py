"""The trials of a sweep: a run each, tried one after the other or several at once."""

from __future__ import annotations

import inspect
import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any

from .. import tags as t
from ..binding import with_argument
from ..call import Call
from ..context import current_is
from ..endings import ended, log_result
from ..errors import IdentityError
from ..guard import guard
from ..identity import resolve, study_key, trial_key
from ..naming import run_name
from ..outcome import Outcome
from ..plan import RunPlan
from ..ports import Suggested, SweepEngine, Told
from ..redact import secret_values
from ..results import read_result
from ..run import Run
from ..scope import open_run
from .sweep_values import TRIAL, Sweep, SweepOptions, Trial

STAGE = "hpo_trial"


class Trials:
    """Asks the engine, runs the objective in a run of its own, tells the engine."""

    def __init__(self, run: Run, options: SweepOptions, objective: Callable[[Any], Any]) -> None:
        from ..sweeps.optuna_engine import OptunaEngine  # noqa: PLC0415 - loads Optuna: only when a sweep runs

        self.run, self.options, self.objective = run, options, objective
        self.search = options.search
        self.engine: SweepEngine = OptunaEngine(self.search)
        self._ended: dict[int, Trial] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._until = math.inf if options.timeout is None else time.monotonic() + options.timeout

    @property
    def all(self) -> tuple[Trial, ...]:
        """The trials that have ended, by number."""
        return tuple(self._ended[number] for number in sorted(self._ended))

    @property
    def best(self) -> Trial | None:
        """The best complete trial of the study."""
        told = self.engine.best()
        return None if told is None else self._ended.get(told.number, Trial(*told_fields(told)))

    def try_all(self) -> None:
        """Try until the engine has nothing left, time is up, or a trial raises what is not caught."""
        try:
            if self.options.n_jobs == 1:
                self._work()
            else:
                self._work_at_once(self.options.n_jobs)
        finally:
            with guard:
                self._tell_the_best()

    def _work_at_once(self, n_jobs: int) -> None:
        pool = ThreadPoolExecutor(n_jobs, thread_name_prefix="tracked-trial")
        try:
            # Each worker carries the context on, so that its trials stand under this sweep.
            workers = [pool.submit(copy_context().run, self._work) for _ in range(n_jobs)]
            # A signal that comes just before a wait without end is not seen until that ends.
            while (
                wait(workers, timeout=0.2, return_when=FIRST_EXCEPTION).not_done and not self._stop.is_set()
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
            while not self._stop.is_set() and time.monotonic() < self._until:
                suggested = self.engine.ask()
                if suggested is None:
                    return
                self._try(suggested)
        except BaseException:
            self._stop.set()
            raise

    def _try(self, suggested: Suggested) -> None:
        run = open_run(
            RunPlan(
                run_name("trial", STAGE, trial_number=suggested.number),
                STAGE,
                monitor=self.search.objectives[0],
            )
        )
        run.tag({t.TRIAL_NUMBER: suggested.number})
        try:
            with current_is(run):
                result = self.objective(suggested.trial)
        except BaseException as error:
            self._failed(run, suggested, error)
            if not self.engine.is_pruned(error) and not isinstance(error, self.options.catch):
                raise
        else:
            self._complete(run, suggested, result)

    def _failed(self, run: Run, suggested: Suggested, error: BaseException) -> None:
        pruned = self.engine.is_pruned(error)
        with guard:
            self._end(run, suggested, "pruned" if pruned else "failed", None)
        if pruned:
            run.close(Outcome())
        else:
            ended(run, error)

    def _complete(self, run: Run, suggested: Suggested, result: Any) -> None:
        with guard:
            log_result(run, result)
        values = self._objectives(run, result)
        told = self._end(run, suggested, "complete", values)
        if told.state == "failed":
            named = ", ".join(self.search.objectives)
            run.close(Outcome("FAILED", {t.END_REASON: f"no number was returned or logged for {named}"}))
        else:
            run.close(Outcome())

    def _objectives(self, run: Run, result: Any) -> Sequence[float] | None:
        """The value of each objective: from what was returned, else from what was logged in the trial."""
        names = self.search.objectives
        found = dict(run.last) | dict(read_result(result, names[0]).metrics)
        if isinstance(result, tuple | list):
            found |= {
                name: found[key] for key, name in zip(_unnamed(result), names, strict=False) if key in found
            }
        return [found[name] for name in names] if all(name in found for name in names) else None

    def _end(self, run: Run, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        told = self.engine.tell(suggested, state, values)
        run.params(told.params)
        run.tag({t.TRIAL_STATE: told.state, **self._key(told)})
        if told.values:
            run.log(
                {
                    name: v
                    for name, v in zip(self.search.objectives, told.values, strict=True)
                    if run.last.get(name) != v
                }
            )
        with self._lock:
            self._ended[told.number] = Trial(*told_fields(told), dict(run.last), run)
            self._follow_best()
        return told

    def _key(self, told: Told) -> dict[str, str]:
        study = self.run.ref.hashes.get(t.STUDY_KEY_HASH)
        try:
            return {t.TRIAL_KEY_HASH: trial_key(study, told.params).hash} if study else {}
        except IdentityError:
            return {}

    def _follow_best(self) -> None:
        """The sweep's own metrics: the best so far, a step a trial."""
        best = self.engine.best()
        if best is not None:
            self.run.log(
                dict(zip(self.search.objectives, best.values, strict=True)), step=len(self._ended) - 1
            )

    def _tell_the_best(self) -> None:
        states = [trial.state for trial in self._ended.values()]
        counts = {f"n_{state}_trials": states.count(state) for state in ("complete", "pruned", "failed")}
        self.run.log({"n_trials": len(states), **counts})
        best = self.best
        if best is not None:
            self.run.params({f"best_{name}": value for name, value in best.params.items()})
            self.run.log({k: v for k, v in best.metrics.items() if k not in self.search.objectives})
            run_id = {t.BEST_TRIAL_RUN_ID: best.run.ref.run} if best.run else {}
            self.run.tag(
                {t.BEST_TRIAL_NUMBER: best.number, t.OBJECTIVE: ", ".join(self.search.objectives), **run_id}
            )


def told_fields(told: Told) -> tuple[int, Mapping[str, Any], tuple[float, ...], str]:
    """Number, params, values and state, in the order of a :class:`Trial`."""
    return told.number, told.params, told.values, told.state


def _unnamed(result: Sequence[Any]) -> list[str]:
    return [f"result_{i}" for i in range(len(result))]


def drive(run: Run, options: SweepOptions, function: Any, args: Any, kwargs: Any) -> Any:
    """Try trial after trial; a function that takes no ``trial`` owns its loop and is just called."""
    if TRIAL not in inspect.signature(function).parameters:
        return function(*args, **kwargs)

    def objective(trial: Any) -> Any:
        given, named = with_argument(function, TRIAL, trial, args, kwargs)
        return function(*given, **named)

    trials = Trials(run, options, objective)
    trials.try_all()
    return Sweep(run, trials.all, trials.best)


def identify(call: Call, _inherited: Mapping[str, str]) -> Mapping[str, str]:
    """A sweep is the same study when its configs are; without configs, when everything bound is.

    It belongs to no study around it: it is one.
    """
    secrets = secret_values(os.environ)
    hashes = resolve(call.arguments, {}, secrets)
    if t.STUDY_KEY_HASH not in hashes:
        hashes[t.STUDY_KEY_HASH] = study_key({}, call.arguments, {}, call.function, secrets).hash
    return hashes
