"""A run that another process has open, or had: known by what that process has noted of it in a study."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import speech
from .. import tags as t
from ..attempts import Former
from ..context import RunRef
from ..errors import BackendUnavailable
from ..parents import session_for
from ..plan import RunPlan
from ..process import is_here, this_process
from ..run import Run
from ..scope import is_off_here, open_run

if TYPE_CHECKING:
    from ..session.building import Session


def noted(run: Run) -> dict[str, Any]:
    """What another process needs to know of this run, as plain data without secrets."""
    ref = run.ref
    return {
        "run": ref.run,
        "name": run.name,
        "folder": ref.folder,
        "experiment": ref.experiment,
        "store": run.session.shown_uri if run.session else "",
        "process": this_process(),
    }


def ref_of(there: Mapping[str, Any], session: Session) -> RunRef | None:
    """The reference of a run whose journal folder this process shares; None if it does not."""
    shares = there["folder"] == str(session.folder.path) and is_here(there["process"])
    return RunRef(there["run"], there["folder"], there["experiment"]) if shares else None


def opened_again(plan: RunPlan, there: Mapping[str, Any], attempt: int) -> Run:
    """The run that was noted, open in this process, which ends it from now on; where it cannot be had, a new one."""
    if is_off_here():
        return open_run(plan)
    run_id, mine = _remote(plan, there), os.urandom(16).hex()
    if run_id is None:
        return open_run(replace(plan, tags={**plan.tags, t.ATTEMPT: str(attempt)}))
    # Whose the attempt is was decided in the study: the tag says so to who delivers.
    tags = {**plan.tags, t.ATTEMPT_ID: mine}
    return open_run(replace(plan, tags=tags, former=Former(run_id, mine, attempt)))


def _remote(plan: RunPlan, there: Mapping[str, Any]) -> str | None:
    """The run's MLflow id; None, after a line that says so, where it is not known."""
    session = session_for(plan.parent)
    if there.get("remote") and there["store"] == session.shown_uri:
        return str(there["remote"])
    ref = ref_of(there, session)
    try:
        return None if ref is None else session.remote(ref).run_id
    except BackendUnavailable as error:
        speech.warn_once(
            f"{there['name']} goes on in a run of its own: {error}", about=f"again {there['name']}"
        )
        return None
