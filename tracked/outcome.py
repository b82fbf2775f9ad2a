"""How a piece of user code ended, as a value."""

from __future__ import annotations

import inspect
import signal
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import FrameType
from typing import Any

from . import tags
from .errors import TrialPruned
from .foreign import answer

FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"
_SIGNALLED = {128 + s for s in (signal.SIGINT, signal.SIGTERM)}
_STOPS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU")
"""Signals by which a person or a scheduler stops a process; an alarm is the program's own."""
_TRACEBACK_LENGTH = 7500


@dataclass(frozen=True)
class Outcome:
    """An end state of MLflow, and the tags that say why."""

    status: str = FINISHED
    tags: Mapping[str, str] = field(default_factory=dict)


def outcome_of(error: BaseException | None, redact: Callable[[str], str] = str) -> Outcome:
    """The outcome of code that ended with ``error``, or without one.

    ``sys.exit(0)`` is success, unless a signal's handler says it.  Ctrl-C, whatever such a handler raises, an exit
    by SIGTERM and an abandoned generator are KILLED, since nobody found a fault.  Everything else is FAILED, with
    type, message and redacted traceback.
    """
    if error is None:
        return Outcome()
    if reason := _stopped_by(error):
        return Outcome(KILLED, {tags.END_REASON: reason})
    if _exit_code(error) == 0:
        return Outcome()
    return Outcome(FAILED if _is_failure(error) else KILLED, _told(error, redact))


def _stopped_by(error: BaseException) -> str:
    """Who stopped the code, for no fault of its own; empty if nobody did."""
    if name := _signal_behind(error):
        return f"ended by {name}"
    if isinstance(error, TrialPruned):
        return "the trial was pruned"
    if isinstance(error, GeneratorExit):
        return "the generator was abandoned before its end"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted from the keyboard"
    code = _exit_code(error)
    return f"ended by a signal (exit code {code})" if code in _SIGNALLED else ""


def _signal_behind(error: BaseException) -> str:
    """The signal whose handler, the user's own, raised this; empty if none did."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for number, interrupted in pairwise(_arguments(frame)):
            # So Python calls a handler, and nobody else calls anything like it.
            if isinstance(interrupted, FrameType) and isinstance(number, int):
                return next((name for name in _STOPS if getattr(signal, name, None) == number), "")
    return ""


def _arguments(frame: FrameType) -> list[Any]:
    """What a function was called with, by position."""
    names, rest, _, values = inspect.getargvalues(frame)
    return [*(values[name] for name in names if name in values), *(values.get(rest, ()) if rest else ())]


def _exit_code(error: BaseException) -> int:
    """What the process would end with; Python prints what is neither a number nor None, and ends with 1."""
    if isinstance(error, SystemExit) and isinstance(error.code, int | None):
        return error.code or 0
    return 1


def _is_failure(error: BaseException) -> bool:
    # asyncio.CancelledError and its like are BaseExceptions: somebody stopped the work, it did not fail.
    return isinstance(error, Exception | SystemExit)


def _told(error: BaseException, redact: Callable[[str], str]) -> dict[str, str]:
    # No locals in the traceback: they hold data and secrets.
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        tags.ERROR_TYPE: f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."),
        tags.ERROR_MESSAGE: redact(answer(lambda: str(error), "its text cannot be told"))[:1000],
        tags.ERROR_TRACEBACK: redact(trace)[-_TRACEBACK_LENGTH:],
    }
