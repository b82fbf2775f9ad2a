"""The doors through which Ray Tune asks and is told: who is at the desk behind them decides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from .ray_worker import JOB, LAST, RAISED, STEP, TOLD, VALUE, ThereError

_NUMBER = "number"


class Desk(Protocol):
    """Who hands trials out and takes in what becomes of them, all in the thread that calls ``try_in_ray``."""

    def next_job(self) -> tuple[int, Mapping[str, Any]] | None:
        """Number and message of the next trial, or None while there is none; see ``is_done``."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether there will be no further trial."""
        ...

    def hear(self, number: int, value: float, step: int, last: Mapping[str, float]) -> bool:
        """Take a value that the objective has on the way; tell whether the trial is hopeless.

        Args:
            number: of the trial.
            value: the value.
            step: where it was logged.
            last: the last value of each metric that was logged in the trial's own run.
        """
        ...

    def returned(self, number: int, told: Mapping[str, Any]) -> None:
        """Take in the end of a trial, as its worker tells it."""
        ...

    def raised(self, number: int, error: BaseException) -> None:
        """Take in that a trial ended by this exception; the worker's own death is one too."""
        ...

    def stopped(self, number: int) -> None:
        """Take in that Ray Tune has stopped a trial."""
        ...


class Watched:
    """A desk, and the first exception that came out of it: Ray Tune passes on no more than what that says."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.error: BaseException | None = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._desk, name)
        return partial(self._called, found) if callable(found) else found

    def _called(self, method: Any, *args: Any) -> Any:
        try:
            return method(*args)
        except BaseException as error:  # kept for the caller, and passed on
            self.error = self.error or error
            raise


def _number(trial: Any) -> int:
    return int(trial.config[_NUMBER])


def _heard(desk: Desk, trial: Any, result: Mapping[str, Any]) -> bool:
    return desk.hear(_number(trial), result[VALUE], result[STEP], dict(result[LAST]))


def folder_of(trial: Any) -> str:
    """Name of the folder that Ray Tune makes for a trial."""
    return f"trial-{_number(trial)}"


class _Here:
    """What Ray Tune copies and writes down to restore it later stays here: the study remembers."""

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {}


class DeskSearcher(_Here, Searcher):  # type: ignore[misc]
    """Ray Tune's port for suggestions: the desk makes them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def set_search_properties(self, *_: Any, **__: Any) -> bool:
        """Nothing: the desk knows what is optimised."""
        return True

    def suggest(self, _trial_id: str) -> Any:
        """The next trial's configuration."""
        job = self._desk.next_job()
        if job is None:
            return Searcher.FINISHED if self._desk.is_done else None
        number, message = job
        return {_NUMBER: number, JOB: dict(message)}

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:  # noqa: FBT001, FBT002
        """See ``Ends``, which knows the exception too."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study remembers."""

    def restore(self, checkpoint_path: str) -> None:
        """As above."""


class DeskScheduler(_Here, FIFOScheduler):  # type: ignore[misc]
    """Ray Tune's port for stopping trials early: the desk decides."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def on_trial_result(self, _tune: Any, trial: Any, result: dict[str, Any]) -> str:
        """Whether the trial goes on."""
        is_hopeless = VALUE in result and _heard(self._desk, trial, result)
        return str(TrialScheduler.STOP if is_hopeless else TrialScheduler.CONTINUE)


class Ends(_Here, tune.Callback):  # type: ignore[misc]
    """Tells the desk how trials end."""

    def __init__(self, desk: Desk, *, hears: bool) -> None:
        self._desk, self._hears = desk, hears

    def on_trial_result(self, *, trial: Any, result: dict[str, Any], **_: Any) -> None:
        """A value, of which another scheduler than ours decides."""
        if self._hears and VALUE in result:
            _heard(self._desk, trial, result)

    def on_trial_complete(self, *, trial: Any, **_: Any) -> None:
        """It has returned or raised, or was stopped."""
        number, result = _number(trial), trial.last_result
        if TOLD in result:
            self._desk.returned(number, result[TOLD])
        elif RAISED in result:
            error, trace = result[RAISED]
            error.__cause__ = ThereError(trace)
            self._desk.raised(number, error)
        else:
            self._desk.stopped(number)

    def on_trial_error(self, *, trial: Any, **_: Any) -> None:
        """Its worker has died; what the user's function raises is told as a result."""
        number = _number(trial)
        self._desk.raised(
            number, RuntimeError(f"Ray has lost the worker of trial {number}: its log says why")
        )
