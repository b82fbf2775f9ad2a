"""``tracked runs``: the runs of a store as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from .. import tags as t
from ..mlflow.columns import ATTRIBUTES
from ..switches import stage_of
from .listing import Row, lines
from .reaching import told
from .reading import as_dict, found, id_of, opened, scope
from .references import goal_of
from .speaking import note, say, say_json, width

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..mlflow.queries import Where
    from ..session.building import Session

INSIDE = 12
"""Runs below one run that are shown of many."""


@click.command()
@click.option("-e", "--experiment", help="Only this experiment; by default that of the settings, else all.")
@click.option("--kind", help="Only sweep, trial, training, benchmark or conversion, or any other stage.")
@click.option(
    "--where", "filters", multiple=True, metavar="FILTER", help="Only where this holds: 'metrics.f1 > 0.8'."
)
@click.option("--sort", metavar="METRIC[:min]", help="The largest first, or the smallest.")
@click.option("-n", "most", default=20, show_default=True, help="How many, without those inside them.")
@click.option("--tree/--flat", "is_tree", default=None, help="With the runs inside them, or one by one.")
@click.option("--all", "all_of_them", is_flag=True, help="However many there are.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a run.")
def runs(
    *,
    experiment: str | None,
    kind: str | None,
    filters: tuple[str, ...],
    sort: str | None,
    most: int,
    is_tree: bool | None,
    all_of_them: bool,
    as_json: bool,
) -> None:
    """List runs.

    Without a question it is a tree: the newest runs at a root, and those inside them. With --kind, --where or --sort
    it is a list. FILTER is in MLflow's language: conditions joined by AND.

    Exit codes: 0 they are listed, or there are none, 1 the question is wrong,
    3 there is no such experiment, 4 the store does not answer.
    """
    with told():
        session = opened()
        place = scope(session, experiment)
        is_asked = bool(kind or filters or sort)
        tree = not is_asked if is_tree is None else is_tree
        limit = None if all_of_them else most
        first = _asked(session, place, kind, filters, sort, limit, at_roots=tree and not is_asked)
        rows = (
            with_those_inside(session, first, None if all_of_them else INSIDE) if tree else [*map(Row, first)]
        )
        table = [] if as_json else lines(session, rows, width())
    for row in rows if as_json else ():
        say_json({**as_dict(row.run), "depth": row.depth, "hidden": row.hidden})
    if not rows:
        note(f"there are no {'such ' * is_asked}runs in {session.shown_uri}")
    for line in table:
        say(line)


def _asked(
    session: Session,
    place: str,
    kind: str | None,
    filters: Sequence[str],
    sort: str | None,
    most: int | None,
    *,
    at_roots: bool,
) -> list[Facts]:
    stage, keys = stage_of(kind or ""), t.reading_order(t.STAGE, session.settings.tags)
    of_kind: list[Where] = [{f"tags.{key}": stage} for key in keys] if stage else [{}]
    roots: Where = {f"tags.{t.MLFLOW_PARENT}": None} if at_roots else {}
    return found(session, place, " AND ".join(filters), _order(sort), most, where=(of_kind, roots))


def _order(sort: str | None) -> list[str]:
    """MLflow's order clause."""
    if sort is None:
        return []
    goal = goal_of(sort)
    kind, _, key = goal.metric.partition(".")
    if goal.metric in ATTRIBUTES:
        kind, key = "attributes", goal.metric
    elif kind not in ("metrics", "params", "tags", "attributes") or not key:
        kind, key = "metrics", goal.metric
    return [f"{kind}.`{key}` {'ASC' if goal.largest is False else 'DESC'}"]


def with_those_inside(session: Session, first: Sequence[Facts], most: int | None = INSIDE) -> list[Row]:
    """These runs, each followed by those inside it, a level deeper, and of each at most so many."""
    below = _below(session, first, most)
    return [
        row
        for run in first
        if run.tags.get(t.MLFLOW_PARENT) not in below
        for row in _branch(Row(run), below, most)
    ]


def _below(session: Session, first: Sequence[Facts], most: int | None) -> dict[str, list[Facts]]:
    """The runs directly below each that is shown, the earliest first."""
    below: dict[str, list[Facts]] = {}
    level = [id_of(run) for run in first]
    while level := [run_id for run_id in level if run_id not in below]:
        below |= {run_id: [] for run_id in level}
        for run in reversed(found(session, where={f"tags.{t.MLFLOW_PARENT}": level})):
            below[run.tags[t.MLFLOW_PARENT]].append(run)
        level = [id_of(run) for run_id in level for run in below[run_id][:most]]
    return below


def _branch(row: Row, below: Mapping[str, Sequence[Facts]], most: int | None) -> Iterator[Row]:
    children = below.get(id_of(row.run), ())
    shown = children[:most]
    yield replace(row, hidden=len(children) - len(shown))
    for child in shown:
        yield from _branch(Row(child, row.depth + 1), below, most)
