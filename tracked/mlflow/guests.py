"""MLflow's own API inside a tracked run: raw logging lands in it, ``start_run`` makes a child of it.

MLflow keeps its active runs in a list for each thread.  Ours takes its place: it reads the context variable of
the tracked runs, shows the one around the code, and keeps what MLflow opens inside it above, for each tracked
run and task.  Pushing our runs onto MLflow's list and popping them is wrong where coroutines interleave.
No function or class of MLflow is replaced; where MLflow's parts are not as expected, nothing is done at all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

import wrapt

from .. import tags as t
from ..context import HasRef, RunRef, around, guessed
from ..guard import guard
from ..ports import RemoteRun
from . import inside, loaded
from .aliases import experiment_of
from .parent import TrackedParent
from .stack import Places, Stack, own_entries

Resolve = Callable[[RunRef], RemoteRun]
"""Waits until the MLflow id of a tracked run is known, and gives it."""
Adopt = Callable[[RunRef, str, str, str], inside.Answer]
"""Answers for the end of a run inside a tracked one: told its reference, MLflow's store, the id, the experiment."""


class _State:
    """What was found out about this process's MLflow; changed by :func:`install` only."""

    resolve: Resolve | None = None
    adopt: Adopt | None = None
    fluent: Any = None
    reason: str | None = None


def install(resolve: Resolve, adopt: Adopt | None = None) -> str | None:
    """Put our stack in the place of MLflow's, now or when :func:`ensure_installed` finds MLflow loaded.

    Args:
        resolve: waits for the MLflow id of a tracked run; what it raises reaches the raw MLflow call.
        adopt: answers for the end of what MLflow opens inside one; without it, that is left to MLflow.

    Returns:
        Why it was left out, as a sentence for the person; None if it was not.
    """
    _State.resolve, _State.adopt = resolve, adopt
    return ensure_installed()


def ensure_installed() -> str | None:
    """Look whether MLflow came in, or this thread is new, since the last time; a few microseconds.

    Returns:
        As :func:`install`.
    """
    fluent = loaded.fluent()
    if fluent is None or _State.resolve is None:
        return None
    if _State.fluent is not fluent:
        _State.fluent, _State.reason = fluent, _unexpected(fluent)
        if _State.reason is None:
            _put_in_place(fluent)
    if _State.reason is None:
        _take_over_thread(fluent)
    return _State.reason


def register_hook(then: Callable[[], object] | None = None) -> None:
    """See to it as soon as MLflow has been imported, and do ``then``; at once if it is there already.

    Neither can break the person's ``import mlflow``.
    """

    def imported(_module: object) -> None:
        with guard:
            ensure_installed()
            if then is not None:
                then()

    wrapt.register_post_import_hook(imported, "mlflow")


def active_plain_run() -> RemoteRun | None:
    """The run that MLflow's own API holds open nearest to this code: inside the tracked run around it, if any.

    MLflow is not loaded for it.
    """
    fluent = loaded.fluent()
    variable = getattr(fluent, "_active_run_stack", None)
    if variable is None:
        return None
    runs = around()
    entries = own_entries(runs[-1].ref.run) if runs else tuple(variable.get())
    if not entries:
        return None
    info = entries[-1].info
    return RemoteRun(info.run_id, info.experiment_id, info.artifact_uri or "", owned=False)


class _Functions(NamedTuple):
    """The functions of MLflow that touch its stack in a way that matters."""

    start: CodeType
    end: CodeType
    active: CodeType


def _functions(fluent: Any) -> _Functions:
    found = (inspect.unwrap(getattr(fluent, name)) for name in ("start_run", "end_run", "active_run"))
    return _Functions(*(function.__code__ for function in found))


def _unexpected(fluent: Any) -> str | None:
    """What of MLflow's private parts is not as this module needs it."""
    try:
        functions = _functions(fluent)
        strange = [code.co_name for code in functions if "_active_run_stack" not in code.co_names]
        missing = {"nested", "run_id", "experiment_id"} - set(functions.start.co_varnames)
        variable, _ = fluent._active_run_stack, fluent._active_experiment_id  # noqa: SLF001 - see above
        if (
            strange
            or missing
            or not isinstance(variable.get(), list)
            or not callable(variable.default_factory)
        ):
            return _left_out(f"{', '.join([*strange, *sorted(missing)]) or 'its stack'} changed")
        _shell(fluent, RemoteRun("0" * 32, "0"))
    except (AttributeError, TypeError, ValueError) as error:
        return _left_out(str(error))
    return None


def _left_out(why: str) -> str:
    return (
        "this version of MLflow keeps its active runs in another way than tracked knows "
        f"({why}): inside tracked runs, use track.* or pass run_id= to MLflow's own calls"
    )


def _put_in_place(fluent: Any) -> None:
    functions = _functions(fluent)
    Stack.places = Places(fluent, *functions, _remote, lambda remote: _shell(fluent, remote), _adopt)
    fluent._active_run_stack.default_factory = Stack  # noqa: SLF001 - see the module's docstring
    TrackedParent.source = _parent_tags
    registry = loaded.module("mlflow.tracking.context.registry")
    providers = getattr(registry, "_run_context_provider_registry", ())
    if not any(isinstance(provider, TrackedParent) for provider in providers):
        registry._run_context_provider_registry.register(TrackedParent)  # noqa: SLF001


def _take_over_thread(fluent: Any) -> None:
    """A thread that used MLflow before us has a list already; it goes on inside ours."""
    variable = fluent._active_run_stack  # noqa: SLF001
    mine = variable.get()
    if type(mine) is not Stack:
        variable.set(Stack(mine))


def _remote(ref: RunRef) -> RemoteRun:
    if _State.resolve is None:
        raise LookupError("nobody knows the MLflow ids of tracked runs")
    return _State.resolve(ref)


def _adopt(run: HasRef, entry: Any) -> inside.Answer:
    tracking = loaded.module("mlflow.tracking")
    if _State.adopt is None or tracking is None:
        return inside.Answer(is_ours=False)
    info = entry.info
    return _State.adopt(run.ref, tracking.get_tracking_uri(), info.run_id, experiment_of(info.experiment_id))


def _shell(fluent: Any, remote: RemoteRun) -> Any:
    """A tracked run as MLflow's functions want to see it; its data is asked for through the client, as ever."""
    entities = loaded.module("mlflow.entities")
    info = entities.RunInfo(
        run_id=remote.run_id,
        experiment_id=remote.experiment_id,
        user_id="",
        status="RUNNING",
        start_time=0,  # below that of anything opened inside it
        end_time=None,
        lifecycle_stage="active",
        artifact_uri=remote.artifact_uri or None,
    )
    return fluent.ActiveRun(entities.Run(info, entities.RunData()))


def _parent_tags() -> dict[str, str]:
    Stack.places.take_back_experiment()
    runs = around()
    if runs:
        return {t.MLFLOW_PARENT: _remote(runs[-1].ref).run_id}
    guess = guessed()
    return {} if guess is None else {t.MLFLOW_PARENT: _remote(guess.ref).run_id, t.PARENT_GUESSED: "true"}
