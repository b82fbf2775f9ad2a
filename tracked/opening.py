"""From a call of a decorated function to the run that it gets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import session as sessions
from . import tags as t
from .binding import bind, supplied_by
from .call import Call
from .context import CURRENT, RunRef
from .decisions import AS_NEW, Decision, Question
from .guard import guard
from .later import Later
from .plan import AGGREGATE, NEW, Kind, Options, RunPlan
from .run import Run
from .scope import is_off_here, open_run

if TYPE_CHECKING:
    from . import calls
else:
    calls = Later(globals(), "calls", "tracked.calls")


@dataclass(frozen=True)
class Opener:
    """What the shell of a decorated function asks for: the call bound, and the run of it open."""

    kind: Kind
    options: Options
    carried: RunRef | None

    def bind(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Call | None:
        """The call with its arguments bound; None if it is to be made as it is: unfit, untold, or switched off."""
        with guard:
            if self._is_off(wrapped):
                return None
            try:
                return bind(self.kind, wrapped, instance, args, kwargs)
            except TypeError:
                return None
        return None

    def _is_off(self, wrapped: Any) -> bool:
        """Whether a call is to be a plain one; a kind that fills in what is missing does so all the same."""
        if is_off_here() or supplied_by(self.kind, wrapped):
            return False
        with guard:
            return not sessions.switches(self.kind.stage).enabled
        return False

    def question(self, call: Call, wrapped: Any) -> Question | None:
        """What is to be decided about this call before its run is opened; None if nothing is."""
        if self.options.on_existing == NEW:
            return None
        return Question(self.kind, self.options, call, wrapped, self._plan(call, wrapped))

    def open(self, call: Call, wrapped: Any, decision: Decision = AS_NEW) -> Run:
        """Begin the run of this call, or find the one that it is one call of."""
        run = self._run_of_many(call, wrapped) if self.options.per_call == AGGREGATE else None
        if run is None:
            plan = self._placed(decision.plan or self._plan(call, wrapped))
            if decision.how == NEW and self.kind.begin is not None:
                run = self.kind.begin(plan, self.options, wrapped)
            else:
                run = decision.begin(plan)
            if isinstance(run.outer, Run):
                run.outer.crowd.grows(run.outer.name, call.name)
        return run

    def _run_of_many(self, call: Call, wrapped: Any) -> Run | None:
        from .aggregate import one_of_many  # noqa: PLC0415 - few ask for it

        parent = self.options.parent
        if parent is None and CURRENT.get() is None:
            parent = self.carried
        with guard:
            what = self.kind.stage, call.function, self.options.name
            return one_of_many(
                what, parent, lambda: self._of_many(call, wrapped), calls.secrets_of(call, wrapped)
            )
        return None

    def _of_many(self, call: Call, wrapped: Any) -> Run:
        plan = self._plan(call, wrapped)
        # The run of many calls is not what the first of them is recognised by.
        tags = {key: tag for key, tag in plan.tags.items() if key != t.CALL_KEY}
        return open_run(self._placed(replace(plan, tags=tags)))

    def _plan(self, call: Call, wrapped: Any) -> RunPlan:
        given = self.options
        with guard:
            return calls.plan_of(self.kind, given, call, wrapped)
        named = given.name is not None
        return RunPlan(
            given.name or call.name, self.kind.stage, given.experiment, given.parent, is_named=named
        )

    def _placed(self, plan: RunPlan) -> RunPlan:
        """The plan with the run above that came along from another process, where no other is."""
        if self.carried and plan.parent is None and CURRENT.get() is None:
            return replace(plan, parent=self.carried)
        return plan
