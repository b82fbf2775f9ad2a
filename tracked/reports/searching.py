"""What a search tells: the best so far, what had to do with it, where the good ones lie, how each trial went."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from ..drawing import Html, element
from .charts import Box, bars, chart, line, lines, points, steps
from .parallel import parallel
from .scales import Scale, focused, scale_of
from .sections import beyond, grid, note, section, table
from .thinning import thinned
from .values import Search, Tried
from .weighing import ABOUT, FEWEST, Importance, importance

SLICES, AXES, BARS = 12, 9, 20
"""Parameters that are shown, at most, by the chart."""
COURSES, POINTS = 40, 60
"""Trials whose course is shown, and points of each."""
ROWS, COLUMNS = 60, 12
_DOTS, _SMALL_DOTS = 1000, 300
"""Trials that a chart of points shows, evenly spread and always with the best."""


def sections(search: Search) -> list[Html]:
    """All there is to see of a search; a chart that would show nothing is left out."""
    found = importance(search)
    order = [one.name for one in found]
    order += [name for name in search.params if name not in order]
    return [
        _best_so_far(search),
        _importance(search, found),
        _front(search),
        _courses(search),
        _slices(search, order),
        parallel(search, order[:AXES], len(order)),
        _trials(search, order),
    ]


def _best_so_far(search: Search) -> Html:
    complete = [trial for trial in search.trials if trial.value == trial.value]
    if not complete:
        return Html()
    numbers = [trial.number for trial in search.trials]
    y = focused([trial.value for trial in complete], is_high_good=search.is_maximised)
    box = Box(480, 230, scale_of(numbers, may_be_log=False), y)
    lost = [
        (box.at_x(x), box.at_y(0)) for t in search.trials if t.value != t.value and (x := box.x.at(t.number))
    ]
    best = box.places(steps(search.best_so_far(), float(numbers[-1])))
    drawn = (
        points(box.places((t.number, t.value) for t in thinned(complete, _DOTS)), "faint"),
        points(thinned(lost, _DOTS), "bad"),
        line(best, "best"),
        points(best[-1:], "accent"),
    )
    drawn_as = chart(box, *drawn, x="trial", y=search.objective)
    return section("Best so far", drawn_as, about=_about(search, len(lost), y))


def _about(search: Search, lost: int, y: Scale) -> str:
    way = "largest" if search.is_maximised else "smallest"
    far = sum(not y.low <= trial.value <= y.high for trial in search.trials if isfinite(trial.value))
    told = (
        f"The line is the {way} so far.",
        f"{lost} trials without a value stand at the bottom." if lost else "",
        f"{far} that are far worse stand at the rim." if far else "",
    )
    return " ".join(filter(None, told))


def _front(search: Search) -> Html:
    if len(search.objectives) < 2:
        return Html()
    both = [trial for trial in search.trials if trial.state == "complete" and len(trial.values) > 1]
    first, second = ([trial.values[n] for trial in both] for n in (0, 1))
    box = Box(480, 230, scale_of(first), scale_of(second))
    front = [trial.values[:2] for trial in both if trial.number in search.front]
    drawn = (
        points(box.places(thinned(list(zip(first, second, strict=True)), _DOTS)), "faint"),
        points(box.places((value[0], value[1]) for value in front), "accent"),
    )
    about = "The marked trials are those that no other one beats in every objective."
    names = {"x": search.objectives[0], "y": search.objectives[1]}
    return section("Trade-off", chart(box, *drawn, **names) if both else "", about=about)


def _importance(search: Search, found: Sequence[Importance]) -> Html:
    if not search.params:
        return Html()
    if not found:
        told = f"It takes {FEWEST} complete trials, and a parameter that varied, to say what the objective goes with."
        return section("Importance", note(told))
    rows = [(one.name, one.explained, f"{one.explained:.2f}{_way(one)}") for one in found[:BARS]]
    return section(
        "Importance", bars(rows), about=f"{ABOUT} {beyond(len(found), BARS, 'parameters')}".strip()
    )


def _way(one: Importance) -> str:
    if one.correlation is None or abs(one.correlation) < 0.3:
        return ""
    return " ↑" if one.correlation > 0 else " ↓"


def _slices(search: Search, order: Sequence[str]) -> Html:
    ranked = search.ranked()
    complete = sorted(ranked, key=lambda trial: trial.number)
    y = focused([trial.value for trial in complete], is_high_good=search.is_maximised)
    figures = [
        (name, _slice(name, complete, ranked[0], search.objective, y)) for name in order[:SLICES] if ranked
    ]
    about = (
        f"Each point is a trial; the best one is marked. {beyond(len(order), SLICES, 'parameters')}".strip()
    )
    return section("Each parameter by itself", grid(figures), about=about, wide=True)


def _slice(name: str, trials: Sequence[Tried], best: Tried, objective: str, y: Scale) -> Html:
    having = [trial for trial in trials if name in trial.params]
    x = scale_of([trial.params[name] for trial in having])
    box = Box(300, 190, x, y)
    places = box.places((trial.params[name], trial.value) for trial in thinned(having, _SMALL_DOTS))
    marked = box.places([(best.params[name], best.value)]) if name in best.params else []
    told = f"{name} (log)" if x.is_log else name
    return chart(box, points(places, "faint"), points(marked, "accent"), x=told, y=objective)


def _courses(search: Search) -> Html:
    having = [trial for trial in search.trials if len(trial.course) > 1]
    if not having:
        return Html()
    chosen = followed(search, having)
    courses = {trial.number: thinned(trial.course, POINTS) for trial in chosen}
    every = [point for course in courses.values() for point in course]
    y = focused([value for _, value in every], is_high_good=search.is_maximised)
    box = Box(480, 230, scale_of([step for step, _ in every], may_be_log=False), y)
    best = courses[chosen[0].number] if chosen[0].state == "complete" else []
    drawn = (
        lines((box.places(courses[t.number]) for t in chosen if t.state == "complete"), "course"),
        lines((box.places(courses[t.number]) for t in chosen if t.state != "complete"), "course lost"),
        line(box.places(best), "best"),
    )
    about = f"Dashed: pruned or failed. The best trial is marked. {beyond(len(having), COURSES, 'trials')}".strip()
    return section("How each trial went", chart(box, *drawn, x="step", y=search.objective), about=about)


def followed(search: Search, trials: Sequence[Tried]) -> list[Tried]:
    """Those of these trials whose course is shown: the best first, and of the others some, evenly spread."""
    known = {trial.number for trial in trials}
    first = [trial for trial in search.ranked() if trial.number in known][: COURSES // 4]
    known -= {trial.number for trial in first}
    return [*first, *thinned([t for t in trials if t.number in known], COURSES - len(first))]


def _trials(search: Search, order: Sequence[str]) -> Html:
    ranked = search.ranked()
    others = [trial for trial in search.trials if trial.value != trial.value]
    chosen = ranked[: ROWS - min(len(others), ROWS // 4)]
    chosen += others[: ROWS - len(chosen)]
    names = order[:COLUMNS]
    rows = [_row(trial, search, names) for trial in chosen]
    shown = beyond(len(search.trials), len(chosen), "trials"), beyond(len(order), COLUMNS, "parameters")
    about = " ".join(filter(None, ("The best first.", *shown)))
    heads = ("trial", "state", *search.objectives, *names)
    return section("Trials", table(heads, rows), about=about, wide=True)


def _row(trial: Tried, search: Search, names: Sequence[str]) -> list[Any]:
    number = element("b", f"{trial.number} ★") if trial.number == search.best else trial.number
    state = trial.state if trial.is_feasible else f"{trial.state}, breaks a constraint"
    values = [*trial.values, *[""] * len(search.objectives)][: len(search.objectives)]
    return [number, state, *values, *(trial.params.get(name, "") for name in names)]
