"""The life of one run: the only place where a run begins."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import suppress
from functools import cache
from time import time_ns

from . import announcing
from . import session as sessions
from . import tags as t
from .context import CURRENT, RunRef, has_begun, is_disabled, named_run
from .guard import guard
from .parents import Parent, parent_of, session_for
from .plan import RunPlan
from .process import this_process
from .records import Opened, Tags
from .run import Run


def open_run(plan: RunPlan) -> Run:
    """Begin a run; whatever fails, there is a run object, and the user's code goes on."""
    outer = CURRENT.get()
    if not (is_disabled() or (isinstance(outer, Run) and outer.is_off)):
        with guard:
            run = _opened(plan)
            announcing.begun(run)
            return run
    return untracked(plan)


def untracked(plan: RunPlan) -> Run:
    """A run object that records nothing, and neither do the runs inside it."""
    return Run(
        plan, RunRef(os.urandom(16).hex(), "", "", plan.stage, hashes=plan.hashes), CURRENT.get(), None
    )


def _opened(plan: RunPlan) -> Run:
    session = session_for(plan.parent)
    sessions.follow_mlflow(session)
    parent = parent_of(plan.parent, session)
    if plan.source is not None and parent.is_none and not parent.attach:
        parent = parent_of(plan.source, session)
    ref = RunRef(
        os.urandom(16).hex(),
        str(session.folder.path),
        plan.experiment or parent.experiment or session.experiment,
        plan.stage,
        hashes={**parent.hashes, **plan.hashes},
    )
    run = Run(plan, ref, parent.outer, session)
    opened = _first_record(run, parent)
    session.write(opened)
    if opened.attach:
        # That run was there before: what a new one is born with is written to it now.
        session.write(Tags(ref.run, opened.tags))
    run.is_root = parent.is_none
    has_begun(run)
    run.begin_with(plan)
    if (source := named_run(plan.source)) is not None:
        run.tag({t.SOURCE_RUN: (source.run_id or source.run) if isinstance(source, RunRef) else source})
    session.serve()
    return run


def _first_record(run: Run, parent: Parent) -> Opened:
    plan, ref = run.plan, run.ref
    return Opened(
        ref.run,
        time_ns() // 1_000_000,
        run.name,
        ref.experiment,
        parent.run,
        parent.run_id,
        parent.attach,
        {
            **_origin(),
            **({t.STAGE: plan.stage} if plan.stage else {}),
            **run.hidden.tags(plan.tags),
            **ref.hashes,
            t.LOCAL_ID: ref.run,
        },
        plan.inherit,
    )


def _origin() -> dict[str, str]:
    process = this_process()
    return {
        t.HOST: str(process["host"]),
        t.PROCESS: f"{process['pid']}:{process['started']:.0f}",
        **_source(),
    }


@cache
def _source() -> dict[str, str]:
    source = {t.MLFLOW_SOURCE_NAME: sys.argv[0] or "python", t.MLFLOW_SOURCE_TYPE: "LOCAL"}
    # In some containers the user has no name.
    with suppress(KeyError, OSError, ImportError):
        source[t.MLFLOW_USER] = getpass.getuser()
    return source
