"""The run that a benchmark or a conversion works on, where the call names it."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..context import named_run
from ..foreign import answer
from ..provenance.edges import runs_in

_BY_NAME = ("source_training_run", "source_run", "source_run_id", "training_run", "training_run_id")
"""Arguments in which a text is the id of an MLflow run."""


def source_run(call: Call) -> Any:
    """The run that the arguments name: by one of the names above, as a run, or by what a run has returned."""
    for name in _BY_NAME:
        if (run := _run_in(call.arguments.get(name))) is not None:
            return run
    objects = (value for value in call.arguments.values() if not isinstance(value, str))
    if (named := next((run for run in map(_run_in, objects) if run is not None), None)) is not None:
        return named
    return next((made[0] for made in runs_in(call.arguments).values()), None)


def _run_in(value: Any) -> Any:
    # An argument is the user's object, and reading it may run their code.
    return answer(
        lambda: next((v for v in (value, getattr(value, "run", None)) if named_run(v) is not None), None),
        None,
    )
