"""Runs as people see them in a notebook: cards of plain HTML, from what this process knows; nothing is waited for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from . import announcing
from . import tags as t
from .drawing import Html, card, details, element, faint, link, prose, search_chart, sparkline, state, table
from .spans import took

if TYPE_CHECKING:
    from .run import Run

_PARAMS, _METRICS, _FILES = 10, 8, 12
_ROWS = 20
"""Runs or trials that a table has at most."""
_INDENT = "\u2003"


def status_of(run: Run) -> str:
    """The state that it has, as MLflow calls it."""
    return run.closed.status if run.closed else "RUNNING"


def of_run(run: Run, *parts: Html, is_open: bool = True) -> Html:
    """The card of a run of this process, with further parts at its end."""
    return card(
        _title(run),
        _metrics(run) if run.last else Html(),
        *parts,
        details(counted(len(run.inputs.values), "param"), _params(run.inputs.values), is_open=is_open),
        details(counted(len(run.story.files), "file"), _files(run)),
        _place(run),
    )


def _title(run: Run) -> Html:
    stage = f"{run.ref.stage} " if run.ref.stage else ""
    why = run.closed.tags.get(t.ERROR_MESSAGE) or run.closed.tags.get(t.END_REASON) if run.closed else None
    told = element("span", run.hidden.prose(why), style="margin-left:8px") if why else Html()
    return element(
        "span", faint(stage), element("b", run.name), " ", state(status_of(run)), " ", took(run.seconds), told
    )


def _place(run: Run) -> Html:
    if run.session is None:
        return faint("not tracked")
    return element(
        "span", faint(f"experiment {run.ref.experiment} in "), faint(run.session.shown_uri), " ", _link(run)
    )


def _link(run: Run) -> Html:
    return link(announcing.where(run))


def _metrics(run: Run) -> Html:
    rows = [
        (key, element("b", float(value)), _course(run, key))
        for key, value in list(run.last.items())[:_METRICS]
    ]
    return element("div", table((), rows), more(len(run.last), _METRICS))


def _course(run: Run, key: str) -> Html:
    return Html() if run.curves is None else sparkline(run.curves.of(key))


def _params(params: Mapping[str, str]) -> Html:
    rows = [(faint(key), value) for key, value in list(params.items())[:_PARAMS]]
    return element("div", table((), rows), more(len(params), _PARAMS)) if rows else Html()


def _files(run: Run) -> Html:
    names = list(run.story.files)[:_FILES]
    return element("div", *(element("div", element("code", name)) for name in names)) if names else Html()


def counted(number: int, what: str) -> str:
    """So many of something, in words."""
    return f"{number} {what}{'s' * (number != 1)}"


def more(number: int, most: int) -> Html:
    """How many there are beyond those that are shown."""
    return faint(f"and {number - most} more") if number > most else Html()


def row(run: Run) -> Sequence[object]:
    """A run as a line of a table: name, state, time, metrics."""
    told = ", ".join(f"{key}={value:.4g}" for key, value in list(run.last.items())[:3])
    first, inside = next(iter(run.last), ""), len(list(_above(run))) - 1
    return (
        f"{_INDENT * inside}{run.name}",
        state(status_of(run)),
        took(run.seconds),
        prose(told),
        _course(run, first),
    )


def _above(run: Run) -> Iterable[object]:
    """The runs around it."""
    outer = run.outer
    while outer is not None:
        yield outer
        outer = outer.outer


def of_many(runs: Iterable[Run], states: Mapping[str, int], title: str = "") -> Html:
    """Several runs: how many there are of each state, and the last of them."""
    told = ", ".join(f"{number} {name.lower()}" for name, number in states.items() if number)
    return element("div", faint(f"{title}{told}"), table((), map(row, runs)))


def of_sweep(sweep: Any) -> Html:
    """The card of a sweep: the best, the course of the search, the trials."""
    first = [trial.value for trial in sweep.trials if trial.value is not None and trial.state == "complete"]
    best = _best_so_far(first, sweep)
    counts = Counter(trial.state for trial in sweep.trials)
    told = ", ".join(f"{count} {name}" for name, count in counts.items()) or "no trials"
    return card(
        _title(sweep.run),
        element("span", told, faint(" — ") if sweep.best else "", _best(sweep)),
        search_chart(first, best) if best else Html(),
        details("trials", _trials(sweep), is_open=True),
        _place(sweep.run),
    )


def _best_so_far(values: Sequence[float], sweep: Any) -> list[float]:
    """The best of each beginning; which way is better shows in the best of all."""
    if sweep.best is None or sweep.best.value is None or not values:
        return []
    better = max if sweep.best.value >= max(values) else min
    return list(accumulate(values, better))


def _best(sweep: Any) -> Html:
    if sweep.best is None:
        return Html()
    reached = pairs(dict(zip(sweep.objectives, sweep.best.values, strict=False)))
    return element("span", "best ", element("b", reached), f" in trial {sweep.best.number}")


def pairs(values: Mapping[str, Any]) -> str:
    """Names and values in a line."""
    return ", ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items())


def _trials(sweep: Any) -> Html:
    names = list(dict.fromkeys(name for trial in sweep.trials for name in trial.params))[:_PARAMS]
    heads = ("trial", "", *sweep.objectives, *names)
    best = sweep.best.number if sweep.best else None
    rows = [
        _trial(trial, names, len(sweep.objectives), is_best=trial.number == best) for trial in sweep.trials
    ]
    chosen = _chosen(rows, [trial.number == best for trial in sweep.trials])
    return element("div", table(heads, chosen), more(len(rows), _ROWS)) if rows else Html()


def _chosen(rows: Sequence[Any], are_kept: Sequence[bool]) -> Sequence[Any]:
    """The last rows, and before them those that must not be missing."""
    first = len(rows) - _ROWS
    return [row for n, row in enumerate(rows) if n >= first or are_kept[n]]


def _trial(trial: Any, names: Sequence[str], objectives: int, *, is_best: bool) -> Sequence[object]:
    values = [*trial.values, *[""] * objectives][:objectives]
    number = element("b", f"{trial.number} ★") if is_best else trial.number
    return number, faint(trial.state), *values, *(trial.params.get(name, "") for name in names)


def of_verdict(verdict: Any) -> Html:
    """Whether a call would be reused, why, and how the nearest run differs."""
    said = element("b", "is reused" if verdict.is_reused else "runs", style="margin:0 6px")
    return card(
        element("span", element("code", verdict.call), said, faint(verdict.why)),
        element("span", "the nearest is ", element("b", verdict.nearest), ", which differs in")
        if verdict.nearest and verdict.differences
        else Html(),
        Html(verdict.differences.as_html()) if verdict.differences else Html(),
        faint(f"key {verdict.key}") if verdict.key else Html(),
    )
