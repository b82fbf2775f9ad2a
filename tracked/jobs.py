"""A run that a job of Azure ML has handed over: joined, never ended, and gone on with where the job was started again.

A job that was preempted starts anew with the same run.  What its earlier start has left in the journal is sent first,
then its steps and params are asked of the store, each once and for a bounded time, so that steps count on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from . import speech
from . import tags as t
from .attempts import Former, KnownRun
from .errors import BackendUnavailable, Refused
from .parents import Parent
from .patience import bounded
from .plan import RunPlan

if TYPE_CHECKING:
    from .session.building import Session

JOB = "AZUREML_RUN_ID"
PATIENCE = 30.0
"""Seconds that the store is given for what is left, and again for its answer."""


def goes_on(plan: RunPlan, parent: Parent, session: Session) -> RunPlan:
    """The plan of a run that joins its job's run, with what an earlier start of the job has left there."""
    if parent.attach is None or parent.attach != os.environ.get(JOB) or plan.former is not None:
        return plan
    from .azure.work import SUBMITTED  # noqa: PLC0415 - keeps `import tracked` quick
    from .session.backends import backend_for  # noqa: PLC0415 - as above

    plan = _as_submitted(plan, os.environ.get(SUBMITTED, ""))
    _send_what_is_left(session)
    backend, run_id = backend_for(session.uri, session.home), parent.attach
    try:
        known = bounded(lambda: backend.known(run_id), PATIENCE)
    except (BackendUnavailable, Refused) as error:
        speech.warn_once(f"what the job's run {run_id} has by now is not known ({error}): steps begin at 0")
        return plan
    former = Former(run_id, os.urandom(16).hex(), 0, known.params, known.steps, _start(known))
    return replace(plan, former=former)


def _send_what_is_left(session: Session) -> None:
    """Wait for what an earlier start could not send: the store tells of its steps only then."""
    from .session import waiting  # noqa: PLC0415 - as above

    sent = [waiting.delivery_of(path) for path in session.folder.journals() if path != session.journal.path]
    waiting.wait(lambda: all(is_sent() for is_sent in sent), session.folder, PATIENCE, session.serve)


def _as_submitted(plan: RunPlan, told: str) -> RunPlan:
    """The plan with the keys that its call had where it was submitted: a path of data is another one here."""
    keys = json.loads(told) if told else {}
    if not keys or keys.get(t.FUNCTION) != plan.tags.get(t.FUNCTION):
        return plan
    hashes = {key: value for key, value in keys.items() if key in t.HASHES}
    call_key = {t.CALL_KEY: keys[t.CALL_KEY]} if t.CALL_KEY in keys and t.CALL_KEY in plan.tags else {}
    return replace(plan, tags={**plan.tags, **call_key}, hashes={**plan.hashes, **hashes})


def _start(known: KnownRun) -> int:
    """Which start of the job this is: an earlier one has left its tags."""
    last = known.tags.get(t.ATTEMPT, "1")
    return 1 + (int(last) if last.isdecimal() else 1) if t.FUNCTION in known.tags else 1


def attempt_of(plan: RunPlan) -> Mapping[str, str]:
    """The tag that says of a job's run that the job was started again."""
    start = plan.former.start if plan.former else 1
    return {t.ATTEMPT: str(start)} if start > 1 else {}
