"""Why a call would be reused or not, and in what two runs differ."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import finished
from . import session as sessions
from . import tags as t
from .attempts import without_claims
from .decisions import Question
from .errors import ConfigError, RunNotFound
from .finished import Finished
from .found import Runs
from .identity import Explanation, explain
from .naming import qualified_name
from .parents import session_for
from .plan import RESUME, REUSE
from .reachable import may_know
from .reusing import Unfit, candidates, experiment_of, not_recognised
from .session.building import Session
from .spans import shown

MANY = 200
"""Runs of a function among which the nearest is looked for, the newest first."""


_SAME = Explanation(())


@dataclass(frozen=True)
class Verdict:
    """What a call would do, and why; as text it says so in a few lines.

    Attributes:
        call: name of the function.
        key: the call's key; None if it has none.
        is_reused: whether the function would not run.
        why: why it would, or which run would be given back.
        nearest: name of the run of the function that is most like this call; empty if there is none.
        differences: the leaves in which that run and this call differ; false if there are none.
    """

    call: str
    key: str | None
    is_reused: bool
    why: str
    nearest: str = ""
    differences: Explanation = field(default=_SAME)

    def __bool__(self) -> bool:
        return self.is_reused

    def __str__(self) -> str:
        said = [f"{self.call} {'is reused' if self.is_reused else 'runs'}: {self.why}"]
        if self.nearest and self.differences:
            said += [
                f"the nearest is {self.nearest}, which differs in",
                f"{self.differences}".replace("\n", "\n  "),
            ]
            said[-1] = f"  {said[-1]}"
        return "\n".join(said)

    def _repr_html_(self) -> str:
        from .cards import of_verdict  # noqa: PLC0415 - only a notebook asks

        return of_verdict(self)

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(str(self))


def verdict(question: Question) -> Verdict:
    """What this call would do now; nothing is run, and nothing is written."""
    name, key = question.call.name, question.key
    if why := not_recognised(question):
        return Verdict(name, key, is_reused=False, why=why)
    session = session_for(question.plan.parent)
    if sessions.current().settings.rerun:
        return Verdict(name, key, is_reused=False, why="TRACKED_RERUN is set")
    found = list(candidates(question, session))
    fit = next((one for one in found if isinstance(one, Finished)), None)
    if fit is not None:
        age = f"run {fit.name} finished {shown(time.time() - fit.time)} ago"
        if question.options.on_existing in (REUSE, RESUME):
            return Verdict(name, key, is_reused=True, why=age)
        return Verdict(
            name, key, is_reused=False, why=f"{age}, and on_existing={question.options.on_existing!r}"
        )
    unfit = next((one for one in found if isinstance(one, Unfit)), None)
    if unfit is not None:
        return Verdict(
            name, key, is_reused=False, why=f"{unfit.found.name} is of the same work, but {unfit.why}"
        )
    why = "no run of the same work has finished"
    nearest, differences = _nearest_to(question, session)
    return Verdict(name, key, is_reused=False, why=why, nearest=nearest, differences=differences)


def _nearest_to(question: Question, session: Session) -> tuple[str, Explanation]:
    """The run of this function that is most like the call, and how it differs."""
    plan = question.plan
    payload = plan.key.payload if plan.key else {}
    noted = finished.noted_of(session, question.call.function)
    by_key = [(one.name, explain(one.payload, payload)) for one in noted]
    if by_key:
        return min(by_key, key=_distance)
    mine = {"params": dict(plan.params), **_hashes(plan.hashes)}
    there = of_function(session, question.call.function, experiment_of(question, session))
    return min(
        ((run.info.run_name, explain(facts_of(run), mine)) for run in there), key=_distance, default=_NONE
    )


_NONE = "", _SAME


def _distance(found: tuple[str, Explanation]) -> int:
    return len(found[1].differences)


def facts_of(run: Any) -> dict[str, Any]:
    """What tells of a run without a note which work it was."""
    return {"params": without_claims(run.data.params), **_hashes(run.data.tags)}


def _hashes(tags: Mapping[str, str]) -> dict[str, str]:
    return {tag: tags[tag] for tag in t.HASHES if tag in tags}


def runs_of(question: Question) -> list[Any]:
    """The runs of this call's key, the newest first, as MLflow's objects; what this process wrote is delivered first.

    Raises:
        IdentityError: the call has no key.
        BackendUnavailable: the store does not answer.
    """
    session = session_for(question.plan.parent)
    return _searched(session, {t.CALL_KEY: question.key}, experiment_of(question, session))


def runs_of_function(function: Any) -> list[Any]:
    """All runs of this function in the experiment of the set-up, the newest first, as MLflow's objects.

    Raises:
        BackendUnavailable: the store does not answer.
    """
    session = sessions.current()
    return of_function(
        session, qualified_name(getattr(function, "__func__", function)), session.experiment, None
    )


def of_function(session: Session, function: str, experiment: str, many: int | None = MANY) -> list[Any]:
    """The runs of this function in an experiment, the newest first."""
    return _searched(session, {t.FUNCTION: function}, experiment, many)


def _searched(
    session: Session, where: Mapping[str, Any], experiment: str, many: int | None = None
) -> list[Any]:
    from .mlflow.finder import search  # noqa: PLC0415 - loads MLflow: only who asks pays

    if not session.is_mlflow:
        raise ConfigError(f"{session.shown_uri} is a store for tests: look into it with tracked.testing")
    if session.journal.was_used:
        session.flush()
    if not may_know(session):
        return []
    try:
        found = search(session.uri, experiment, where=where, max_results=many, templates=session.templates)
        return Runs(found, session.uri)
    except RunNotFound:  # no experiment yet
        return []
