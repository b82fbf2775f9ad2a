"""``tracked compare``: in what runs differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..found import differing
from .reaching import told
from .reading import SHORT, id_of, kind_of, name_of, number, seconds_of
from .references import referred
from .speaking import safe, say, say_json, width
from .tables import Column, table

if TYPE_CHECKING:
    from ..mlflow.columns import Facts


class Differing(NamedTuple):
    """One thing in which the runs differ."""

    group: str
    """``run``, ``params`` or ``metrics``."""
    key: str
    values: list[Any]
    """Of each run; None where it has none."""


@click.command()
@click.argument("run", nargs=-1, required=True)
@click.option("--md", "as_markdown", is_flag=True, help="A table in Markdown.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def compare(*, run: tuple[str, ...], as_markdown: bool, as_json: bool) -> None:
    """Show in what runs differ.

    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`. Only what differs is
    shown; behind a number stands how far it is from that of the first run.

    Exit codes: 0 it is shown, 1 a setting is wrong, 2 less than two runs are
    named, 3 there is no such run, or there are several, 4 the store does not
    answer.
    """
    if len(run) < 2:
        raise click.UsageError("two runs or more are compared")
    with told():
        runs = [referred(one) for one in run]
    found = differences(runs)
    if as_json:
        say_json({"runs": list(map(id_of, runs)), "differences": [_as_dict(one) for one in found]})
        return
    for line in _markdown(runs, found) if as_markdown else _lines(runs, found):
        say(line)


def differences(runs: Sequence[Facts]) -> list[Differing]:
    """In what the runs differ, in the order in which a person asks."""
    facts: list[tuple[str, list[Mapping[str, Any]]]] = [
        ("run", [_of_the_run(run) for run in runs]),
        ("params", [run.params for run in runs]),
        ("metrics", [{key: run.metric(key) for key in run.metrics} for run in runs]),
    ]
    return [
        Differing(group, key, [one.get(key) for one in each])
        for group, each in facts
        for key in sorted(differing(each))
        if not all(_is_nan(one.get(key)) for one in each)
    ]


def _of_the_run(run: Facts) -> dict[str, Any]:
    return {"kind": kind_of(run), "seconds": seconds_of(run), "status": run.attributes["status"]}


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def deltas(values: Sequence[Any]) -> list[float | None]:
    """How far each number is from the first one; None where that means nothing."""
    first = values[0]
    return [v - first if isinstance(v, float) and isinstance(first, float) else None for v in values]


def _as_dict(one: Differing) -> dict[str, Any]:
    return {"group": one.group, "key": one.key, "values": one.values, "deltas": deltas(one.values)}


def _cells(one: Differing) -> list[str]:
    far: list[float | None] = [None, *deltas(one.values)[1:]]
    return [_cell(value, delta) for value, delta in zip(one.values, far, strict=True)]


def _cell(value: Any, delta: float | None) -> str:
    text = "-" if value is None else number(value) if isinstance(value, float) else str(value)
    return text if delta is None or not math.isfinite(delta) else f"{text} ({delta:+.3g})"


def _heads(runs: Sequence[Facts]) -> list[str]:
    return [f"{name_of(run)} {id_of(run)[:SHORT]}" for run in runs]


def _lines(runs: Sequence[Facts], found: Sequence[Differing]) -> list[str]:
    if not found:
        return ["no difference"]
    columns = [Column(""), Column("", least=12), *(Column(safe(head), least=12) for head in _heads(runs))]
    groups = [one.group if i == 0 or found[i - 1].group != one.group else "" for i, one in enumerate(found)]
    rows = [(group, one.key, *_cells(one)) for group, one in zip(groups, found, strict=True)]
    return table(columns, rows, width())


def _markdown(runs: Sequence[Facts], found: Sequence[Differing]) -> list[str]:
    rule = ["---", *("---:" for _ in runs)]
    rows = [[f"{one.group}.{one.key}", *_cells(one)] for one in found]
    return [_row(["", *_heads(runs)], _escaped), _row(rule, str), *(_row(row, _escaped) for row in rows)]


def _row(cells: Sequence[str], escaped: Callable[[str], str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


def _escaped(text: str) -> str:
    """The text as it is, whatever Markdown makes of its signs."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|#" else c for c in safe(text))
