"""How a run takes what the user's code gave: a result, or an exception."""

from __future__ import annotations

from typing import Any, Protocol

from .call import Call
from .guard import guard
from .markers import Marker, markers_of
from .outcome import FAILED, Outcome, outcome_of
from .plan import NEW, Kind, Options
from .provenance.edges import remember
from .run import Run


class Decorated(Protocol):
    """What a function was decorated as, and with what."""

    @property
    def kind(self) -> Kind:
        """Its kind."""
        ...

    @property
    def options(self) -> Options:
        """Its options."""
        ...


def returned(run: Run, decorated: Decorated, call: Call, function: Any, result: Any) -> None:
    """Log what the function returned, and end the run as finished; one that its kind has ended is left alone."""
    try:
        _conclude(run, decorated, call, function, result)
        # Most quick functions return nothing, and pay for nothing.
        if result is not None:
            _log(run, decorated, function, result)
        if decorated.options.on_existing != NEW and run.closed is None:
            _store(run, decorated, function, result)
    except BaseException as error:
        # Ctrl-C while a figure is drawn: in a notebook the process goes on, and nobody else would end the run.
        ended(run, error)
        raise
    run.close(Outcome())


def _log(run: Run, decorated: Decorated, function: Any, result: Any) -> None:
    with guard:
        if not run.is_off:
            remember(result, run.ref)
    with guard:  # another one: what cannot be remembered is logged all the same
        if run.closed is None:
            read = decorated.kind.read
            said = markers_of(function).get("return", ())
            log_result(run, read(result) if read else result, said, model=decorated.options.model)


def _store(run: Run, decorated: Decorated, function: Any, result: Any) -> None:
    """Store the result, so that it can be given back."""
    with guard:
        from .storing import keep  # noqa: PLC0415 - who asks for it pays

        keep(run, decorated.options, function, result)


def raised(run: Run, decorated: Decorated, call: Call, function: Any, error: BaseException) -> None:
    """End the run by what the function raised."""
    try:
        _conclude(run, decorated, call, function, None)
    finally:
        ended(run, error)


def _conclude(run: Run, decorated: Decorated, call: Call, function: Any, result: Any) -> None:
    if decorated.kind.conclude is not None:
        with guard:
            decorated.kind.conclude(run, decorated.options, function, call.arguments, result)


def log_result(run: Run, value: Any, said: tuple[Marker, ...] = (), *, model: bool = False) -> None:
    """Log a value by its type.

    Args:
        run: where to.
        value: the value; nothing of it is changed.
        said: markers of the value.
        model: whether models in it are kept.
    """
    from .keeping import log_read  # noqa: PLC0415 - loaded with the first result, not with `import tracked`
    from .results import read_result  # noqa: PLC0415 - as above

    log_read(run, read_result(value, run.plan.monitor, said, model=model))


def ended(run: Run, error: BaseException | None) -> None:
    """End the run as this exception says; the exception itself goes its own way, unchanged."""
    outcome = Outcome() if error is None else Outcome(FAILED)
    try:
        with guard:
            outcome = outcome_of(error, run.hidden.prose)
    finally:
        run.close(outcome)
