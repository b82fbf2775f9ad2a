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
from .own_loop import run_own_loop
from .sweep_options import SweepOptions

TRIAL = "trial"


def drive(run: Run, options: SweepOptions, function: Any, args: Any, kwargs: Any) -> Any:
    """Try trial after trial; a function that takes no ``trial`` owns its loop and is just called."""
    if TRIAL not in inspect.signature(function).parameters:
        return run_own_loop(run, options, function, args, kwargs)
    from .trials import Trials  # noqa: PLC0415 - as above

    slot = object()
    given, named = with_argument(function, TRIAL, slot, args, kwargs)

    def objective(trial: Any) -> Any:
        by_name = {**named, TRIAL: trial} if TRIAL in named else named
        return function(*(trial if value is slot else value for value in given), **by_name)

    return Trials(run, options, objective).try_all()


def identify(call: Call, _inherited: Mapping[str, str]) -> Mapping[str, str]:
    """A sweep is the same study when its configs are; without configs, when everything bound is.

    It belongs to no study around it: it is one.
    """
    secrets = secret_values(os.environ)
    hashes = resolve(call.arguments, {}, secrets)
    if t.STUDY_KEY_HASH not in hashes:
        hashes[t.STUDY_KEY_HASH] = study_key({}, call.arguments, {}, call.function, secrets).hash
    return hashes
