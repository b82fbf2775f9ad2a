"""What a call does whose work was done before: decided in this one place, before its run is opened."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from . import session as sessions
from .decisions import Decision, Question
from .errors import ConfigError
from .guard import guard
from .plan import ERROR, NEW, RESUME, REUSE, Options
from .scope import is_off_here


def fits(options: Options, fn: Any) -> None:
    """Refuse, at decoration, a function whose calls cannot be decided about as these options say.

    Raises:
        ConfigError: it is one.
    """
    if options.on_existing == REUSE and (inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn)):
        raise ConfigError(
            f"on_existing={REUSE!r} gives a result back, and {fn.__name__} yields many: return a list"
        )


def decide(question: Question) -> Decision:
    """What is done about this call; whatever fails in looking for it, it is made.

    Raises:
        RunExists: the work was done before, or is being done, and ``on_existing="error"``.
    """
    as_new = Decision(NEW, question.plan)
    if question.key is None or _is_off(question):
        return as_new
    found: Decision | None = None
    with guard:
        found = _DECIDED[question.options.on_existing](question)
    if question.options.on_existing == ERROR:
        _refuse(question)
    return found or as_new


def _is_off(question: Question) -> bool:
    """Whether nothing is recorded of this call, or it is asked for that every call is made."""
    with guard:
        if sessions.current().settings.rerun:
            return True
        return is_off_here() or not sessions.switches(question.kind.stage).enabled
    return True


def _reused(question: Question) -> Decision | None:
    if question.options.found_alive != NEW:
        return _resumed(question)
    from .reusing import reused  # noqa: PLC0415 - who asks for it pays

    return reused(question)


def _resumed(question: Question) -> Decision | None:
    from .resuming import resumed  # noqa: PLC0415 - as above

    return resumed(question)


_DECIDED: dict[str, Callable[[Question], Decision | None]] = {
    REUSE: _reused,
    RESUME: _resumed,
    ERROR: lambda _: None,
}


def _refuse(question: Question) -> None:
    from .reusing import refuse  # noqa: PLC0415 - as above

    refuse(question)
