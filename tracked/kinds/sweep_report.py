"""The report of a sweep, kept with its run: made when the run ends, of what is at hand, so nothing is asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from .. import announcing
from .. import tags as t
from ..guard import guard
from ..hiding import Hidden
from ..ports import Told
from ..redact import MASK, is_secret_name
from ..reports import Report, Search, Tried, page
from ..reports.searching import POINTS
from ..reports.thinning import thinned
from ..run import Run

NAME = "report.html"


def search_of(
    names: Sequence[str],
    directions: Sequence[str],
    trials: Iterable[Told],
    best: Told | None,
    front: Iterable[Told] = (),
) -> Search:
    """What was tried, as reports see it."""
    number = None if best is None else best.number
    return Search(
        names,
        directions,
        sorted(map(_tried, trials), key=lambda trial: trial.number),
        number,
        [told.number for told in front],
    )


def _tried(told: Told) -> Tried:
    """A trial as reports see it; of its course, as much as they show."""
    course = thinned([(float(step), value) for step, value in told.course.items()], POINTS)
    return Tried(told.number, told.state, told.values, told.params, course, told.is_feasible)


def keep_at_end(run: Run, search: Search) -> None:
    """See that the run's last artifact is its report, where reports are wanted."""
    if run.switches.log_report and search.trials:
        run.before_close.append(partial(_keep, run, search))


def _keep(run: Run, search: Search) -> None:
    with guard:
        run.artifact(page(_report(run, search)).encode(errors="replace"), NAME)


def _report(run: Run, search: Search) -> Report:
    ended = run.closed
    found = ended.tags if ended else {}
    why = found.get(t.ERROR_MESSAGE) or found.get(t.END_REASON) or ""
    return Report(
        run.name,
        run.ref.stage,
        ended.status if ended else "RUNNING",
        run.seconds,
        place=f"{run.ref.experiment} in {run.session.shown_uri}" if run.session else "",
        url=announcing.where(run),
        function=run.plan.tags.get(t.FUNCTION, ""),
        why=run.hidden.prose(why),
        metrics=run.last,
        params=run.inputs.values,
        files=list(run.story.files),
        search=_shown(search, run.hidden),
        run=run.ref.run,
    )


def _shown(search: Search, hidden: Hidden) -> Search:
    """The same without secrets: a choice may be one, or be called like one."""
    trials = [_without_secrets(trial, hidden) for trial in search.trials]
    return Search(search.objectives, search.directions, trials, search.best, search.front)


def _without_secrets(trial: Tried, hidden: Hidden) -> Tried:
    params: Mapping[str, Any] = {
        name: MASK if is_secret_name(name) else hidden.value(value) if isinstance(value, str) else value
        for name, value in trial.params.items()
    }
    return Tried(trial.number, trial.state, trial.values, params, trial.course, trial.is_feasible)
