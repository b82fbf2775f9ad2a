"""How a run takes what the user's code gave: a result, or an exception."""

from __future__ import annotations

import os
from typing import Any

from .guard import guard
from .outcome import FAILED, Outcome, outcome_of
from .results import read_result
from .run import Run


def returned(run: Run, read: Any, result: Any) -> None:
    """Log what was returned, and end the run as finished."""
    with guard:
        log_result(run, read(result) if read else result)
    run.close(Outcome())


def log_result(run: Run, value: Any) -> None:
    """Log a value by its type."""
    result = read_result(value, run.plan.monitor)
    if result.metrics:
        run.log(result.metrics)
    if result.tags:
        run.tag(result.tags)
    for name, path in result.files.items():
        run.artifact(path, name)


def ended(run: Run, error: BaseException | None) -> None:
    """End the run as this exception says; the exception itself goes its own way, unchanged."""
    outcome = Outcome() if error is None else Outcome(FAILED)
    with guard:
        outcome = outcome_of(error, _redacted)
    run.close(outcome)


def _redacted(text: str) -> str:
    from .redact import redact_text  # noqa: PLC0415 - only a failure needs it

    return redact_text(text, os.environ)
