"""What runs in Ray's workers: trial after trial, each in a thread that Ray Tune can hold back."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from ray import cloudpickle, tune

from ..errors import TrialPruned
from ..foreign import attempted

Report = Callable[[float, int, Mapping[str, float]], None]
"""Tells Ray Tune of a value at a step, and of the last metrics of the trial's own run; waits until it is known whether
the trial goes on.

Raises:
    TrialPruned: it does not.
"""
Work = Callable[[Mapping[str, Any], Report], Mapping[str, Any]]
"""Makes of a trial's message and ``Report`` what is told of its end, as plain data; it is sent to each worker."""
JOB, VALUE, STEP, LAST, TOLD, RAISED = "job", "value", "step", "last", "told", "raised"
"""Names in what travels: to a worker its job, and from there values at steps, and at last what is told, or raised."""
_GO, _STOP = "go", "stop"
_COURTESY = 10.0
"""Seconds in which a trial that was stopped ends what it has open."""


class TrialWorker(tune.Trainable):  # type: ignore[misc]
    """An actor that tries what it is given; Ray Tune asks it for result after result."""

    def setup(self, config: dict[str, Any], work: Work, metric: str) -> None:
        """Take the first trial."""
        self._at, self._work, self._metric = _Stepped(work, config[JOB]), work, metric

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next one: to start a process for each would take seconds."""
        self._at.stop()
        self._at = _Stepped(self._work, new_config[JOB])
        return True

    def step(self) -> dict[str, Any]:
        """The trial's next value, or its end."""
        result = self._at.next_result()
        # Under its own name for a scheduler of Ray Tune.
        return {**result, self._metric: result[VALUE]} if VALUE in result else result

    def cleanup(self) -> None:
        """End the trial, if it is still at work: Ray Tune wants no more of it."""
        self._at.stop()


class _Stepped:
    """A trial whose function runs in a thread of its own and waits at each report."""

    def __init__(self, work: Work, job: Mapping[str, Any]) -> None:
        self._results: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._words: SimpleQueue[str] = SimpleQueue()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, args=(work, job), name="tracked-trial", daemon=True)

    def _run(self, work: Work, job: Mapping[str, Any]) -> None:
        try:
            end: dict[str, Any] = {TOLD: work(job, self._report)}
        except BaseException as error:  # noqa: BLE001 - it is raised where the sweep was called
            end = {RAISED: _sendable(error)}
        self._results.put({**end, tune.result.DONE: True})

    def _report(self, value: float, step: int, last: Mapping[str, float]) -> None:
        # As pairs: Ray Tune takes a mapping apart.
        self._results.put({VALUE: value, STEP: step, LAST: tuple(last.items())})
        if self._is_stopped or self._words.get() == _STOP:
            self._words.put(_STOP)  # for whatever else of the trial is waiting, or will
            raise TrialPruned(f"{value:.6g} at step {step}")

    def next_result(self) -> dict[str, Any]:
        """Let the function go on, and wait for what it says."""
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._words.put(_GO)
        return self._results.get()

    def stop(self) -> None:
        """Have the function end where it waits; one that does not wait goes on until its process ends."""
        self._is_stopped = True
        self._words.put(_STOP)
        with suppress(RuntimeError):  # it never began
            self._thread.join(_COURTESY)


class ThereError(Exception):
    """The traceback of an exception in another process, as its cause here."""

    def __str__(self) -> str:
        return "\n" + super().__str__()


def _sendable(error: BaseException) -> tuple[BaseException, str]:
    """The exception, or another one in place of what cannot be sent, and its traceback."""
    trace = "".join(traceback.format_exception(error))
    # Its own code may raise anything.
    if attempted(lambda: cloudpickle.loads(cloudpickle.dumps(error))).error is not None:
        error = RuntimeError(f"{type(error).__qualname__}: {trace.splitlines()[-1]}")
    return error, trace
