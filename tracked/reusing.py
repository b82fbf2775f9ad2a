"""Giving a stored result back, and storing one so that it can be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from . import announcing, finished, speech, storing
from . import tags as t
from .attempts import KnownRun
from .context import CURRENT, RunRef, named_run, open_runs
from .decisions import Decision, Question
from .errors import RunExists
from .finished import Finished
from .foreign import attempted, text_of
from .guard import guard
from .identity import explain
from .outcome import FINISHED
from .parents import session_for
from .plan import REUSE
from .provenance.edges import remember
from .recalling import recall
from .run import Run
from .session.building import Session
from .spans import seconds_of, shown

RUNNING = "RUNNING"
MOST_NAMED = 100
"""Runs that a run names whose results were given in it; of more it tells how many they are."""


class Unfit(NamedTuple):
    """A finished run of the same key that is not reused, and why."""

    found: Finished
    why: str


def reused(question: Question) -> Decision | None:
    """The result of a finished run of the same work; None if the function has to run, and why is said once."""
    if why := not_recognised(question):
        speech.warn_once(
            f"{question.call.name} runs, and is not reused: {why}", f"reuse of {question.call.function}"
        )
        return None
    session = session_for(question.plan.parent)
    for found in candidates(question, session):
        if isinstance(found, Unfit):
            _say_why(question, found)
            continue
        # Classes of the user's are built for it.
        result, error = attempted(partial(recall, question.options, question.function, session, found))
        if error is not None:
            _say_why(question, Unfit(found, f"its result does not come back: {text_of(error)}"))
            continue
        with guard:
            remember(result, RunRef(found.run, str(session.folder.path), found.experiment))
            _tell(question, session, found)
        return Decision(REUSE, question.plan, result)
    return None


def not_recognised(question: Question) -> str:
    """Why no run can be known to be of this work; empty if one can."""
    key = question.plan.key
    if key is None:
        return "it has no key"
    if key.weak:
        named = ", ".join(path.removeprefix("arguments.") for path in key.weak[:3])
        return (
            f"what {named} holds cannot be read in full, and two values of it may look the same; a method "
            "__tracked_key__() of its class says what counts, ignore= that it does not, key= what alone does"
        )
    return ""


def candidates(question: Question, session: Session) -> Iterator[Finished | Unfit]:
    """The finished runs of this key, those of this machine first; unfit ones come with the reason."""
    key, experiment = question.key or "", experiment_of(question, session)
    here = finished.noted(session, key, experiment)
    for found in here:
        is_gone = finished.is_gone(session, found, key)
        yield Unfit(found, "it was deleted in the store") if is_gone else _fit(question, found)
    for known in finished.in_store(session, key, experiment) or ():
        if known.status == FINISHED and known.local_id not in {found.run for found in here}:
            yield _from_store(question, session, known)


def _from_store(question: Question, session: Session, known: KnownRun) -> Finished | Unfit:
    found = finished.fetched(session, question.key or "", known)
    if found is not None:
        return _fit(question, found)
    name = known.tags.get(t.MLFLOW_NAME, known.run_id)
    bare = Finished(known.run_id, name, (known.end_time or known.time) / 1000, "", known.run_id)
    lack = f"its result was not stored, as it is with on_existing={REUSE!r}"
    if question.function is None:
        lack = "what a cell gives is its variables, which are not kept"
    why = known.tags.get(t.STORED) or lack
    return Unfit(bare, "its result cannot be fetched" if why == storing.STORED else why)


def _fit(question: Question, found: Finished) -> Finished | Unfit:
    oldest = seconds_of(question.options.expires)
    if oldest is not None and time.time() - found.time > oldest:
        return Unfit(
            found,
            f"it finished {shown(time.time() - found.time)} ago, and expires={question.options.expires!r}",
        )
    asked = storing.asked_of(question.options)
    if found.note.get("asked", {}) != asked:
        return Unfit(
            found,
            f"other options were asked for: {explain(found.note.get('asked', {}), asked)}".replace(
                "\n", ", "
            ),
        )
    if "value" not in found.note:
        return Unfit(found, str(found.note.get("why", "its result was not stored")))
    return found


def experiment_of(question: Question, session: Session) -> str:
    """The experiment that the call's run would stand in: in another one, work begins anew."""
    named, outer = named_run(question.plan.parent), CURRENT.get()
    above = named if isinstance(named, RunRef) else outer.ref if outer else None
    return question.plan.experiment or (above.experiment if above else "") or session.experiment


def _tell(question: Question, session: Session, found: Finished) -> None:
    """Note it on the run around, if there is one; else say it."""
    outer = CURRENT.get()
    if isinstance(outer, Run):
        outer.story.reused += 1
        outer.tag(_spared(question, session, found) if outer.story.reused <= MOST_NAMED else _how_many(outer))
    else:
        announcing.reused(question.call.name, found.name, shown(time.time() - found.time))


def _spared(question: Question, session: Session, found: Finished) -> dict[str, str]:
    made = session.ids.get(found.run)
    run_id = found.run_id or (made.run_id if made else found.run)
    return {f"{t.REUSED}{question.call.name}-{(question.key or '')[:6]}": run_id}


def _how_many(outer: Run) -> dict[str, str]:
    return {t.N_REUSED: str(outer.story.reused)}


def _say_why(question: Question, unfit: Unfit) -> None:
    speech.warn_once(
        f"{question.call.name} runs, and run {unfit.found.name} is not reused: {unfit.why}",
        storing.about(question.call.function, unfit.why),
    )


def refuse(question: Question) -> None:
    """Refuse a call whose work was done before, or is being done.

    Raises:
        RunExists: it was, or is.
    """
    told = ""
    with guard:
        told = _existing(question)
    if told:
        raise RunExists(f"{question.call.name} was not called: {told}; on_existing='new' makes another run")


def _existing(question: Question) -> str:
    session = session_for(question.plan.parent)
    key, experiment = question.key or "", experiment_of(question, session)
    for run in open_runs():
        if isinstance(run, Run) and run.plan.key is not None and run.plan.key.hash == key:
            return f"run {run.name} is at the same work"
    for found in finished.noted(session, key, experiment):
        return f"run {found.name} finished the same work {shown(time.time() - found.time)} ago"
    session.flush(finished.PATIENCE)  # else the store takes for running what has failed here
    for known in finished.in_store(session, key, experiment) or ():
        if known.status in (FINISHED, RUNNING):
            return f"run {known.tags.get(t.MLFLOW_NAME, known.run_id)} ({known.run_id}) is {known.status}"
    return ""
