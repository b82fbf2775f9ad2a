"""How a call of a sweep is recognised and run: loaded with the first one."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any

from .. import tags as t
from ..binding import with_argument
from ..call import Call
from ..identity import resolve, study_key
from ..redact import secret_values
from ..run import Run
from .own_loop import note_study
from .sweep_options import SweepOptions

TRIAL = "trial"


def drive(run: Run, options: SweepOptions, function: Any, args: Any, kwargs: Any) -> Any:
    """Try trial after trial; a function that takes no ``trial`` owns its loop and is just called."""
    if not _takes_trial(function):
        return function(*args, **kwargs)
    from .trials import Trials  # noqa: PLC0415 - loads Optuna: only when there are trials to be made

    slot = object()
    given, named = with_argument(function, TRIAL, slot, args, kwargs)

    def objective(trial: Any) -> Any:
        by_name = {**named, TRIAL: trial} if TRIAL in named else named
        return function(*(trial if value is slot else value for value in given), **by_name)

    return Trials(run, options, objective).try_all()


def conclude(
    run: Run, options: SweepOptions, function: Any, arguments: Mapping[str, Any], result: Any
) -> None:
    """Read the study of a function that owned its loop, also if it raised; what else was tried is noted by now."""
    if not _takes_trial(function):
        note_study(run, options, (result, *arguments.values()))


def _takes_trial(function: Any) -> bool:
    return TRIAL in inspect.signature(function).parameters


def identify(call: Call, _inherited: Mapping[str, str]) -> Mapping[str, str]:
    """A sweep is the same study when its configs are; without configs, when everything bound is.

    It belongs to no study around it: it is one.
    """
    secrets = secret_values(os.environ)
    hashes = resolve(call.arguments, {}, secrets)
    if t.STUDY_KEY_HASH not in hashes:
        hashes[t.STUDY_KEY_HASH] = study_key(call.captured, call.arguments, {}, call.function, secrets).hash
    return hashes
