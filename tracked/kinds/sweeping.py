"""How a call of a sweep is recognised and run: loaded with the first one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .. import tags as t
from ..call import Call
from ..identity import resolve, study_key
from ..plan import RunPlan
from ..redact import secret_values
from ..run import Run
from ..scope import open_run
from .appointed import begin as begin_trial
from .appointed import is_appointed, try_it
from .objective import Objective, takes_trial
from .own_loop import note_study
from .sweep_options import RAY, SweepOptions


def drive(run: Run, options: SweepOptions, function: Any, args: Any, kwargs: Any) -> Any:
    """Try trial after trial; a function without ``trial`` and without a space owns its loop and is just called."""
    if not _is_tried(options, function):
        return function(*args, **kwargs)
    objective = Objective(function, args, kwargs, options.searched)
    if is_appointed(options, function):
        return try_it(run, options, objective)
    if options.engine == RAY:
        from .ray_trials import InRay, SharedInRay  # noqa: PLC0415 - loads Ray, which takes seconds

        return (InRay if run.plan.study is None else SharedInRay)(run, options, objective).try_all()
    if run.plan.study is not None:
        from .shared_trials import SharedTrials  # noqa: PLC0415 - as below

        return SharedTrials(run, options, objective).try_all()
    from .trials import Trials  # noqa: PLC0415 - loads Optuna: only when there are trials to be made

    return Trials(run, options, objective).try_all()


def begin(plan: RunPlan, options: SweepOptions, function: Any) -> Run:
    """Open the run of a sweep; one whose study is in a storage is shared with all that call it."""
    if is_appointed(options, function):
        return begin_trial(plan, options)
    if options.storage is None or not _is_tried(options, function):
        return open_run(plan)
    from .sharing import begin_shared  # noqa: PLC0415 - loads Optuna: only when there are trials to be made

    return begin_shared(plan, options)


def conclude(
    run: Run, options: SweepOptions, function: Any, arguments: Mapping[str, Any], result: Any
) -> None:
    """Read the study of a function that owned its loop, also if it raised; what else was tried is noted by now."""
    if not _is_tried(options, function):
        note_study(run, options, (result, *arguments.values()))


def _is_tried(options: SweepOptions, function: Any) -> bool:
    return options.space is not None or takes_trial(function)


def identify(
    call: Call, _inherited: Mapping[str, str], space: Mapping[str, Any] | None = None
) -> Mapping[str, str]:
    """A sweep is the same study when its configs are; without configs, when its space and everything bound is.

    It belongs to no study around it: it is one.
    """
    secrets = secret_values(os.environ)
    hashes = resolve(call.arguments, {}, secrets)
    if t.STUDY_KEY_HASH not in hashes:
        searched = {"search_space": space} if space else {}
        given = {**call.arguments, **searched}
        hashes[t.STUDY_KEY_HASH] = study_key(call.captured, given, {}, call.function, secrets).hash
    return hashes
