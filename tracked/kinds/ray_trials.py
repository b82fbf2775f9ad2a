"""The trials of a sweep in Ray's workers: begun and ended here, where the study is, and tried there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any

from .. import tags as t
from ..context import current_is
from ..endings import log_result
from ..errors import TrialPruned
from ..guard import guard
from ..joining import joined, packed, unpacked
from ..parents import CONTEXT
from ..plan import RunPlan
from ..ports import Suggested, Told
from ..records import Steps
from ..redact import is_secret_name
from ..run import Run
from ..scope import untracked
from ..sweeps.ray_engine import How, has_other_machines, try_in_ray, version
from .attempt import STAGE, Attempt, in_order, named_result
from .objective import Objective
from .shared_trials import SharedTrials
from .trials import Trials

_SOON = 0.2
"""Seconds that a suggestion may take before Ray Tune looks after its trials again."""
CARRIER, VALUES, HEARD, LAST = "carrier", "values", "heard", "last"
"""Names in the messages to a worker and back."""


@dataclass(frozen=True)
class Remote:
    """What a worker does with one trial; it is sent there, and so is all that it holds."""

    objective: Objective
    names: tuple[str, ...]
    """The objectives."""
    is_stopped: bool
    """Whether a hopeless trial ends where it logs."""
    settings: Mapping[str, str]
    """Our settings where the sweep runs, for a worker that has none; no secrets."""

    def __call__(self, job: Mapping[str, Any], report: Any) -> Mapping[str, Any]:
        """Call the user's function as part of the trial's run."""
        for name, value in self.settings.items():
            os.environ.setdefault(name, value)
        run = self._run(job[CARRIER])
        ears = _Ears(run, self.names[0], report if self.is_stopped else None)
        run.heard_by = ears.hear
        with current_is(run):
            result = self.objective.call(job[VALUES])
        ears.report = None
        with guard:
            log_result(run, named_result(self.names, result))
        return {HEARD: {**ears.heard, **in_order(self.names, result)}, LAST: dict(run.last)}

    def _run(self, carrier: Mapping[str, str]) -> Run:
        run = None
        with guard:
            run = joined(unpacked(carrier))
        run = run or untracked(RunPlan("trial", STAGE))
        run.plan = replace(run.plan, monitor=self.names[0])
        return run


class _Ears:
    """Hears what is logged in a trial, and passes its objective on."""

    def __init__(self, run: Run, objective: str, report: Any) -> None:
        self._run = run
        self.heard: dict[str, float] = {}
        self.report = report
        self._objective = objective

    def hear(self, numbers: Mapping[str, float], steps: Steps) -> None:
        """Take in numbers that were logged in the trial's run or in one inside of it."""
        self.heard.update(numbers)
        if self.report is not None and self._objective in numbers:
            step = steps if isinstance(steps, int) else steps[self._objective]
            self.report(numbers[self._objective], step, self._run.last)


class InRay(Trials):
    """Hands trials out to Ray's workers and takes in what becomes of them: the desk of ``sweeps.ray_desk``."""

    objective: Objective

    def _work_at_once(self, n_jobs: int) -> None:
        del n_jobs  # see `next_job`
        self.is_done = False
        self._at_work: dict[int, Attempt] = {}
        self._asked: Future[Suggested | None] | None = None
        self._error: BaseException | None = None
        # An engine may wait for what other processes are at, and meanwhile our own trials go on.
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="tracked-ask")
        try:
            try_in_ray(self, self._remote(), self._how())
        except BaseException as error:  # Ray's, or Ctrl-C: the trials at work end by it
            self._abandon(error)
            raise
        finally:
            self._asking.shutdown(wait=False)
        self._check_how_it_ended()

    def _check_how_it_ended(self) -> None:
        if self._at_work or not self.is_done:
            # Ray Tune ends by itself on Ctrl-C, and says nothing of it.
            self._error = self._error or KeyboardInterrupt()
            self._abandon(self._error)
        if self._error is not None:
            raise self._error

    def _how(self) -> How:
        options = self.options
        resources = {"cpu": 1} if options.resources is None else options.resources
        scheduler = options.pruner if options.has_scheduler else None
        return How(self.search.objectives[0], self.search.directions[0][:3], resources, scheduler)

    def _remote(self) -> Remote:
        names, is_stopped = self.search.objectives, self.options.stops_trials
        return Remote(self.objective.sendable(), names, is_stopped, _settings(self.run))

    def _tell_what_is_looked_for(self) -> None:
        super()._tell_what_is_looked_for()
        self.run.tag({f"{t.SEARCH}workers": f"ray {version()}"})

    def next_job(self) -> tuple[int, Mapping[str, Any]] | None:
        """Number and message of the next trial, or None while there is none."""
        suggested = None if self.is_done or len(self._at_work) >= self.options.n_jobs else self._suggested()
        if suggested is None:
            return None
        self._at_work[suggested.number] = attempt = self._begun(suggested)
        try:
            return suggested.number, self._message(attempt)
        except BaseException as error:  # the user's space, or Ctrl-C: the trial that was begun ends by it
            self.raised(suggested.number, error)
            raise

    def _suggested(self) -> Suggested | None:
        if self._is_halted():
            self.is_done = True
            return None
        if self._asked is None:
            self._asked = self._asking.submit(copy_context().run, self.engine.ask)
        with suppress(futures.TimeoutError):
            found = self._asked.result(_SOON)
            self._asked, self.is_done = None, found is None
            return found
        return None

    def _message(self, attempt: Attempt) -> dict[str, Any]:
        space = self.options.searched
        values = space.suggested(attempt.suggested.trial) if space else {}
        if has_other_machines():
            with guard:
                _ = attempt.run.id  # by which it is reached from there
        with current_is(attempt.run):
            carried = packed()
        return {VALUES: values, CARRIER: {CONTEXT: carried} if carried else {}}

    def hear(self, number: int, value: float, step: int, last: Mapping[str, float]) -> bool:
        """Take a value that the objective has on the way; tell whether the trial is hopeless."""
        attempt = self._at_work[number]
        attempt.run.has_elsewhere(last)
        self.engine.report(attempt.suggested, value, step)
        return bool(attempt.suggested.trial.should_prune())

    def returned(self, number: int, told: Mapping[str, Any]) -> None:
        """Take in the end of a trial, as its worker tells it."""
        attempt = self._at_work.pop(number)
        attempt.heard.update(told[HEARD])
        attempt.run.has_elsewhere(told[LAST])
        self._any_returned = True
        self._take(attempt, attempt.returned(None))

    def raised(self, number: int, error: BaseException) -> None:
        """Take in that a trial ended by this exception; one that is not caught ends the sweep."""
        attempt = self._at_work.pop(number)
        told = attempt.raised(error)
        if told.state != "pruned" and not isinstance(error, self.options.caught):
            self._error = self._error or error
            self._stop.set()
        self._take(attempt, told)

    def stopped(self, number: int) -> None:
        """Take in that a trial was stopped."""
        self.raised(number, TrialPruned("Ray Tune has stopped it"))

    def _take(self, attempt: Attempt, told: Told) -> None:
        self._note(attempt, told)
        for callback in self.options.called if self._error is None else ():
            callback(self.sweep(), self._ended[told.number])

    def _abandon(self, error: BaseException) -> None:
        self._stop.set()
        while self._at_work:
            _, attempt = self._at_work.popitem()
            with guard:
                self._note(attempt, attempt.raised(error))


class SharedInRay(InRay, SharedTrials):
    """The same for a study that several processes work on."""


def _settings(run: Run) -> dict[str, str]:
    """What is set here, for workers on machines where nothing is; no secrets, and the store without credentials."""
    given = {k: v for k, v in os.environ.items() if k.startswith("TRACKED_") and not is_secret_name(k)}
    given.pop(CONTEXT, None)
    return {**given, "TRACKED_TRACKING_URI": run.session.shown_uri} if run.session else given
