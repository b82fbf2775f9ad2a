"""The life of one run: the only place where a run begins."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from time import time_ns
from typing import TYPE_CHECKING

from . import announcing, jobs, rank_runs, ranks, speech
from . import session as sessions
from . import tags as t
from .context import CURRENT, RunRef, has_begun, is_any_open, is_astray, is_disabled, named_run
from .guard import guard
from .outcome import KILLED, Outcome
from .parents import Parent, parent_of, session_for
from .plan import RunPlan
from .process import owner
from .records import Opened, Tags
from .run import Run
from .switches import switches
from .telling import Origin, origin_of, tell
from .titles import title_of

if TYPE_CHECKING:
    from .session.building import Session


def open_run(plan: RunPlan) -> Run:
    """Begin a run; whatever fails, there is a run object, and the user's code goes on."""
    if not is_off_here():
        with guard:
            run = _opened(plan)
            try:
                announcing.begun(run)
            except BaseException:
                _interrupted(run)
                raise
            return run
    return untracked(plan)


def is_off_here() -> bool:
    """Whether nothing is tracked around this code."""
    outer = CURRENT.get()
    return is_disabled() or (isinstance(outer, Run) and outer.is_off) or is_left_to_rank_zero()


def is_left_to_rank_zero() -> bool:
    """Whether another process of the same distributed job tracks what all of them do."""
    return _is_another_rank("zero")


def is_told_by_rank_zero() -> bool:
    """Whether another process of the same distributed job writes what is not logged in a run of its own."""
    return _is_another_rank("zero", rank_runs.METRICS)


def say_outside(what: str) -> None:
    """Say once that ``track.<what>`` has no run to work on, and how it would have one."""
    if is_disabled() or is_told_by_rank_zero():
        return
    cure = ", and give a thread track.bind(function)" if is_astray() and is_any_open() else ""
    if off := sessions.switched_off():
        cure += (
            f"; calls of stage {', '.join(off)} have no run, since they are switched off (enabled = false)"
        )
    speech.warn_once(
        f"track.{what} was called outside a run and does nothing: call it inside a decorated function or a "
        f"`with track.run(...)` block{cure}",
        about="outside a run",
    )


def _is_another_rank(*ways: str) -> bool:
    if not ranks.own_rank():
        return False
    with guard:
        return sessions.current().settings.ranks in ways
    return False


def untracked(plan: RunPlan) -> Run:
    """A run object that records nothing, and neither do the runs inside it."""
    return Run(
        plan, RunRef(os.urandom(16).hex(), "", "", plan.stage, hashes=plan.hashes), CURRENT.get(), None
    )


def _opened(plan: RunPlan) -> Run:
    session = session_for(plan.parent)
    if not switches(session.settings, plan.stage).enabled:
        return untracked(plan)
    if (run := rank_runs.beside(plan, session)) is not None:
        return run
    sessions.follow_mlflow(session)
    parent = _parent(plan, session)
    run = _run_below(parent, jobs.goes_on(plan, parent, session), session)
    origin = origin_of(run, session, is_top=parent.run is None)
    opened, long = session.fitted(_first_record(run, parent, origin))
    run.is_root = parent.is_none
    run.story.is_foreign = opened.attach is not None and t.TAKEN_OVER not in opened.tags
    run.story.tag_names.update(opened.tags)
    session.write(opened)
    try:
        _begin(run, session, opened, long)
        tell(run, session, origin)
    except BaseException:
        _interrupted(run)
        raise
    return run


def _parent(plan: RunPlan, session: Session) -> Parent:
    """The run above; where there is none, the one that the call works on."""
    parent = parent_of(plan.parent, session)
    if plan.source is not None and parent.is_none and not parent.attach:
        return parent_of(plan.source, session)
    return parent


def _run_below(parent: Parent, plan: RunPlan, session: Session) -> Run:
    ref = RunRef(
        plan.former.run if plan.former else rank_runs.new_id(plan, session),
        str(session.folder.path),
        plan.experiment or parent.experiment or session.experiment,
        plan.stage,
        hashes={**parent.hashes, **plan.hashes},
    )
    return Run(_titled(plan, ref, parent, session), ref, parent.outer, session)


def _interrupted(run: Run) -> None:
    """Whoever asked for the run does not get it, and so cannot end it."""
    run.close(Outcome(KILLED, {t.END_REASON: "interrupted while it began"}))


def _begin(run: Run, session: Session, opened: Opened, long: Mapping[str, str]) -> None:
    """Write what the run begins with, and see that it is delivered."""
    if opened.attach or run.plan.former:
        # That run was there before: what a new one is born with is written to it now, but for whose it is.
        tags = {key: value for key, value in opened.tags.items() if key not in t.OF_ITS_OWNER}
        session.write(Tags(run.ref.run, {**tags, **jobs.attempt_of(run.plan)}))
    has_begun(run)
    run.keep_whole(long)
    run.begin_with(run.plan)
    if (source := named_run(run.plan.source)) is not None:
        run.tag({t.SOURCE_RUN: (source.run_id or source.run) if isinstance(source, RunRef) else source})
    session.serve()


def _titled(plan: RunPlan, ref: RunRef, parent: Parent, session: Session) -> RunPlan:
    """The plan with the name that the run gets; a trial is named after the model of its sweep."""
    above = parent.outer.plan.tags if isinstance(parent.outer, Run) else {}

    def around() -> dict[str, str]:
        date = time.strftime("%Y-%m-%d")
        return {"env": session.platform, "date": date, "backbone": above.get(t.BACKBONE, "")}

    name = title_of(plan, ref.hashes, session.settings, around)
    return plan if name == plan.name else replace(plan, name=name)


def _first_record(run: Run, parent: Parent, origin: Origin) -> Opened:
    plan, ref = run.plan, run.ref
    return Opened(
        ref.run,
        time_ns() // 1_000_000,
        run.name,
        ref.experiment,
        parent.run,
        parent.run_id,
        (plan.former.run_id or None) if plan.former else parent.attach,
        {
            **owner(),
            **origin.born,
            **_general(run, parent),
            **run.hidden.tags(plan.tags),
            **ref.hashes,
            **_going_on(run, parent),
            t.LOCAL_ID: ref.run,
        },
        plan.inherit,
    )


def _going_on(run: Run, parent: Parent) -> dict[str, str]:
    """Of a run that is there already: whose its end is, and what it was made too early for."""
    former, above = run.plan.former, parent.run or parent.run_id
    if former is None or not former.attempt:
        return {}
    if former.attempt > 1:
        return {t.TAKEN_OVER: "1", t.ATTEMPT: str(former.attempt)}
    return {t.TAKEN_OVER: "1", t.MLFLOW_NAME: run.name, **({t.MLFLOW_PARENT: above} if above else {})}


def _general(run: Run, parent: Parent) -> dict[str, str]:
    rank = ranks.own_rank()
    told = {
        t.STAGE: run.plan.stage,
        t.PROJECT: run.session.settings.project if run.session else "",
        t.RANK: "" if rank is None else str(rank),
        t.PARENT_GUESSED: "true" if parent.is_guessed else "",
    }
    return {key: value for key, value in told.items() if value}
