"""Going on with work that somebody has begun: resumed where they died or failed, waited for where they are at it.

All that is asked of the store here is asked because a person said so, with ``on_existing=``.  Where the store does not
answer, one line says so, and the call is made as if there were no other.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from time import time_ns
from typing import TypeVar, cast

from . import speech
from . import tags as t
from .attempts import Former, KnownRun
from .context import RunRef, around, open_here
from .decisions import Decision, Question
from .errors import BackendUnavailable, Refused
from .outcome import FINISHED, KILLED
from .parents import session_for
from .patience import bounded, pauses
from .plan import JOIN, NEW, RESUME, RunPlan
from .ports import Backend
from .process import owner
from .reachable import check_reach, may_know
from .records import Closed, Opened, Tags
from .reusing import experiment_of, not_recognised, reused
from .run import Run
from .scope import open_run
from .session import claims, kept, waiting
from .session.backends import backend_for
from .session.building import Session

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds that a store is given for one answer, and for which one that is busy is asked again."""
_LOOKS = 0.2, 5.0
"""Seconds between two looks at work that somebody else is at; they grow with its age."""


def resumed(question: Question) -> Decision | None:
    """What is done about a call whose work may have been begun before; None if it is made as a new one."""
    if why := not_recognised(question):
        speech.warn_once(
            f"{question.call.name} begins anew, and resumes nothing: {why}",
            about=f"resuming {question.call.function}",
        )
        return None
    session = session_for(question.plan.parent)
    try:
        return Work(question, session, backend_for(session.uri, session.home)).decided()
    except (BackendUnavailable, Refused) as error:
        speech.warn_once(
            f"{session.shown_uri} does not tell whether {question.call.name} was begun before ({error}): it runs as new"
        )
        return None


@dataclass
class Work:
    """The work of one call, as the store and the journals here know it."""

    question: Question
    session: Session
    backend: Backend
    _torn: set[tuple[str, int]] = field(default_factory=set)
    """Attempts that somebody has claimed, and not begun so far."""

    def decided(self) -> Decision | None:
        """What is done, once it is known; that may take as long as somebody else is at the work."""
        for pause in pauses(*_LOOKS):
            runs = self._runs()
            if any(run.status == FINISHED for run in runs) and (found := reused(self.question)):
                return found
            ended = [run for run in _since_the_last_success(runs) if not claims.is_live(run)]
            if live := [run for run in runs if claims.is_live(run)]:
                if (decision := self._about_a_twin(live[0])) is not None:
                    return decision
            elif ended and self.question.options.on_existing == RESUME:
                if former := self._next_attempt(ended[0]):
                    return _goes_on(self.question, former)
            elif self.question.options.found_alive == NEW:
                return None
            elif former := self._claimed(runs):
                return _goes_on(self.question, former)
            time.sleep(pause)
        raise AssertionError

    def _runs(self) -> Sequence[KnownRun]:
        """The runs of this work, the newest first; what the dead have left here is delivered before."""
        session = self.session
        check_reach(session)
        if not session.flush() or not self._have_the_dead_been_served():
            raise BackendUnavailable(
                waiting.why(session.folder) or "what was written here is not delivered yet"
            )
        experiment, key = experiment_of(self.question, session), self.question.key or ""
        if not may_know(session):
            return ()
        found = self._asked(lambda: self.backend.same(experiment, key))
        return [run for run in found if run.tags.get(t.CLAIMANT) != claims.LOST]

    def _asked(self, ask: Callable[[], T]) -> T:
        """The answer of a store that may be busy: many ask at once where many begin at once."""
        until = time.monotonic() + PATIENCE
        for pause in pauses(*_LOOKS):
            try:
                return cast("T", bounded(ask, PATIENCE))
            except BackendUnavailable:
                if time.monotonic() > until:
                    raise
                check_reach(self.session)
            time.sleep(pause)
        raise AssertionError

    def _have_the_dead_been_served(self) -> bool:
        """Wait until journals whose process is gone are delivered, and the runs closed that were open there."""
        folder = self.session.folder
        dead = [journal for journal in folder.journals() if not kept.is_written(journal)]
        if not dead:
            return True
        self.session.serve()
        limit = self.session.settings.exit_timeout
        return waiting.wait(
            lambda: not any(journal.exists() for journal in dead), folder, limit, self.session.serve
        )

    def _about_a_twin(self, twin: KnownRun) -> Decision | None:
        """What is done where somebody is at the work now; None to wait."""
        local, name = twin.local_id, self.question.call.name
        if self.question.options.found_alive == NEW:
            return Decision(NEW, self.question.plan)
        if self._waits_for_itself(local):
            speech.warn_once(
                f"{name} is called inside a call of itself with the same arguments: it runs as new"
            )
            return Decision(NEW, self.question.plan)
        if self.question.options.found_alive == JOIN:
            former = Former(twin.run_id, os.urandom(16).hex(), 0, twin.params, twin.steps)
            return _goes_on(self.question, former)
        host = twin.tags.get(t.HOST) or "another host"
        speech.warn_once(
            f"{name} waits: run {twin.run_id} on {host} is at the same work (twin='new' does not wait)",
        )
        return None

    def _waits_for_itself(self, local: str) -> bool:
        """Whether the twin could only go on if this call did: it is around us, or a generator that stands still."""
        if any(run.ref.run == local for run in around()):
            return True
        fn = self.question.function
        stands_still = inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn)
        return stands_still and open_here(local) is not None

    def _next_attempt(self, run: KnownRun) -> Former | None:
        """Claim it; None if somebody else was faster, who is a twin then."""
        following = claims.attempt_of(run) + 1
        skipped = [number for run_id, number in self._torn if run_id == run.run_id]
        mine = os.urandom(16).hex()
        claim = partial(claims.next_attempt, self.backend, run, mine, skipped)
        if (former := self._asked(claim)) is None:
            # Who has claimed it says so at once. Whoever did not until the next look never will.
            self._torn.add((run.run_id, max([following, *(number + 1 for number in skipped)])))
        return former

    def _claimed(self, before: Sequence[KnownRun]) -> Former | None:
        """A run that this process has made, and that is the one to do the work; None if somebody else's is."""
        candidate = self._made()
        try:
            made = self.session.remote(
                RunRef(candidate.run, str(self.session.folder.path), candidate.experiment)
            )
            known = {run.run_id for run in before}
            others = [run for run in self._runs() if run.run_id not in known]
            is_won = partial(claims.is_won, self.backend, made.run_id, candidate.run, others)
            if self._asked(is_won):
                return Former(made.run_id, candidate.run, 1)
        except (BackendUnavailable, Refused) as error:
            speech.warn_once(f"{self.question.call.name} runs without knowing whether it does alone: {error}")
            return Former("", candidate.run, 1)
        except BaseException:
            self._ended(candidate, "interrupted while it claimed its work")
            raise
        self._ended(candidate, "another run began the same work first")
        self.session.flush()
        with suppress(BackendUnavailable, Refused):
            self.backend.delete(made.run_id)
        return None

    def _made(self) -> Opened:
        """Begin a run of which nobody is told yet: it says only whose it is and which work it claims."""
        plan, session = self.question.plan, self.session
        run = os.urandom(16).hex()
        tags = {
            **owner(),
            t.STAGE: plan.stage,
            t.FUNCTION: plan.tags.get(t.FUNCTION, ""),
            t.CALL_KEY: self.question.key or "",
            t.CLAIMANT: "true",
            t.LOCAL_ID: run,
        }
        experiment = experiment_of(self.question, session)
        opened = Opened(run, time_ns() // 1_000_000, plan.name, experiment, tags=tags)
        session.write(opened)
        session.serve()
        return opened

    def _ended(self, opened: Opened, why: str) -> None:
        self.session.write(Tags(opened.run, {t.END_REASON: why, t.CLAIMANT: claims.LOST}))
        self.session.write(Closed(opened.run, time_ns() // 1_000_000, KILLED))


def _since_the_last_success(runs: Sequence[KnownRun]) -> Iterator[KnownRun]:
    """What was begun after the work was last done: what failed before that is past."""
    for run in runs:
        if run.status == FINISHED:
            return
        yield run


def _goes_on(question: Question, former: Former) -> Decision:
    def begin(plan: RunPlan) -> Run:
        return open_run(replace(plan, former=former))

    return Decision(RESUME, question.plan, begin=begin)
