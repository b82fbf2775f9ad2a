"""How a piece of user code ended, as a value."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from . import tags

FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"
_SIGNALLED = {128 + s for s in (signal.SIGINT, signal.SIGTERM)}
_TRACEBACK_LENGTH = 7500


@dataclass(frozen=True)
class Outcome:
    """An end state of MLflow, and the tags that say why."""

    status: str = FINISHED
    tags: Mapping[str, str] = field(default_factory=dict)


def outcome_of(error: BaseException | None, redact: Callable[[str], str] = str) -> Outcome:
    """The outcome of code that ended with ``error``, or without one.

    ``sys.exit(0)`` is success.  Ctrl-C, an exit by SIGTERM and an abandoned generator are KILLED, since nobody
    found a fault.  Everything else is FAILED, with type, message and redacted traceback.
    """
    if error is None:
        return Outcome()
    code = _exit_code(error)
    if code == 0:
        return Outcome()
    if isinstance(error, GeneratorExit):
        return Outcome(KILLED, {tags.END_REASON: "the generator was abandoned before its end"})
    if isinstance(error, KeyboardInterrupt):
        return Outcome(KILLED, {tags.END_REASON: "interrupted from the keyboard"})
    if code in _SIGNALLED:
        return Outcome(KILLED, {tags.END_REASON: f"ended by a signal (exit code {code})"})
    return Outcome(FAILED if _is_failure(error) else KILLED, _told(error, redact))


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
        tags.ERROR_MESSAGE: redact(_text(error))[:1000],
        tags.ERROR_TRACEBACK: redact(trace)[-_TRACEBACK_LENGTH:],
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is the user's, and may be broken
        return "its text cannot be told"
