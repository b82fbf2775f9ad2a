"""What was read of a result goes into its run; figures, tables and models that somebody hands in do too."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from . import speech
from .foreign import attempted, text_of, told
from .guard import guard
from .measure import is_same
from .naming import qualified_name
from .results import (
    WHOLE,
    Keep,
    Keeper,
    NotSaved,
    Part,
    Result,
    figure_keeper,
    keep_model,
    keep_rows,
    table_keeper,
    to_json,
)
from .run import Run


def log_read(run: Run, result: Result) -> None:
    """Log what was read: quick things first, so that a figure that cannot be drawn costs nothing else."""
    last = run.last
    run.log({key: value for key, value in result.metrics.items() if not is_same(last.get(key), value)})
    if run.is_off:
        return
    _log_histories(run, result, last)
    names: set[str] = {WHOLE} if result.rest else set()
    for part in result.parts:
        _keep_part(run, result, part, names)
    with guard:
        if result.rest:
            run.artifact(to_json(result.rest, run.hidden.texts()), WHOLE)
    if result.tags:
        run.tag(result.tags)
    for about, remark in result.remarks.items():
        speech.warn_once(f"in run {run.name}: {remark}", about)


def _log_histories(run: Run, result: Result, last: Collection[str]) -> None:
    for key, points in result.histories.items():
        if key in last:
            # What was logged while it ran has its own steps: the list stands beside it and not over it.
            result.rest[key] = [value for _, value in points]
            continue
        for step, value in points:
            run.log({key: value}, step)


def _keep_part(run: Run, result: Result, part: Part, names: set[str]) -> None:
    if why := _why_not(part.keeper, part.value, part.name, _under_free_names(run, part.key, names)):
        result.cannot_keep(part.key, part.value, why)


def _why_not(keeper: Keeper, value: Any, name: str, keep: Keep) -> str:
    """Keep it, which draws and writes by other people's code; empty if that went well, else why not."""
    error = attempted(lambda: keeper(value, name, keep)).error
    return "" if error is None else text_of(error) if isinstance(error, NotSaved) else told(error)


def _under_free_names(run: Run, key: str, names: set[str]) -> Keep:
    """Keeps under the name asked for, or below the key where another result has it."""

    def keep(content: Path | str | bytes, name: str | None = None, *, move: bool = False) -> None:
        free = name or key
        while free in names:
            free = f"{key}/{free}"
        names.add(free)
        run.artifact(content, free, move=move)

    return keep


def keep_figure(run: Run, figure: Any, name: str) -> None:
    """Keep a figure that was handed in."""
    _keep(run, figure, name, figure_keeper(type(figure)), "figure of matplotlib, plotly or altair")


def keep_table(run: Run, table: Any, name: str) -> None:
    """Keep a table that was handed in."""
    _keep(run, table, name, table_keeper(type(table)) or keep_rows, "table")


def keep_given_model(run: Run, model: Any, name: str, keep: Keep | None = None) -> None:
    """Keep a model that was handed in; ``keep`` is called for each of its files, by default the run's own."""
    _keep(run, model, name, keep_model, "model", keep)


def _keep(
    run: Run, value: Any, name: str, keeper: Keeper | None, what: str, keep: Keep | None = None
) -> None:
    with guard:
        if run.is_off:
            return
        why = f"it is no {what}" if keeper is None else _why_not(keeper, value, name, keep or run.artifact)
        if why:
            given = qualified_name(type(value))
            speech.warn_once(
                f"{name!r}, a {given}, is not kept in run {run.name}: {why}", f"not kept {given} {why}"
            )
