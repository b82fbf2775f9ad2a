"""``tracked best``: the best run inside a run, and how to make it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from .. import tags as t
from ..errors import ConfigError
from .reaching import told
from .reading import SHORT, as_dict, found, id_of, name_of, number, opened
from .references import Goal, best_of, goal_of, recorded_way, referred, ways_of
from .speaking import safe, say, say_json

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..session.building import Session


@click.command()
@click.argument("run")
@click.option("--metric", metavar="METRIC[:min]", help="By this metric; by default what the sweep optimised.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def best(*, run: str, metric: str | None, as_json: bool) -> None:
    """Show the best run of a sweep, and the call that makes it again.

    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`. The runs directly
    inside it are looked at; NaN is never the best.

    Exit codes: 0 it is shown, 1 it is not said what is the best, 3 there is no
    such run, or no run inside it has such a number, 4 the store does not
    answer.
    """
    with told():
        session, sweep = opened(), referred(run)
        goal = _goal(session, sweep, metric)
        winner = best_of(session, goal, where={f"tags.{t.MLFLOW_PARENT}": id_of(sweep)})
        caller = _caller(session, winner)
    call = call_text(caller)
    if as_json:
        say_json({**as_dict(winner), "metric": goal.metric, "largest": goal.largest, "call": call})
        return
    for line in _lines(winner, goal, caller, call):
        say(safe(line))


def _goal(session: Session, sweep: Facts, metric: str | None) -> Goal:
    """What is the best, as it was asked for or as the sweep has recorded it."""
    ways = ways_of(sweep)
    if metric is None and not ways:
        raise ConfigError(
            f"{name_of(sweep)} does not say what it optimised: give --metric METRIC or METRIC:min"
        )
    goal = goal_of(metric) if metric is not None else Goal(next(iter(ways)), None)
    if goal.largest is not None:
        return goal
    way = ways.get(goal.metric)
    return Goal(goal.metric, recorded_way(session, goal.metric) if way is None else way)


def _caller(session: Session, winner: Facts) -> Facts:
    """The run of the function that was called: the winner, or where it is a trial the one call inside it."""
    if t.FUNCTION in winner.tags:
        return winner
    inside = found(session, where={f"tags.{t.MLFLOW_PARENT}": id_of(winner)})
    calls = [run for run in inside if t.FUNCTION in run.tags]
    return calls[0] if len(calls) == 1 else winner


def call_text(run: Facts) -> str | None:
    """The call of this run as a person would type it; None if it is no call of a function.

    An argument that cannot be written down is ``...``.
    """
    function = run.tags.get(t.FUNCTION)
    if function is None:
        return None
    arguments = _arguments(run.tags.get(t.ARGUMENTS))
    given = (
        arguments if arguments is not None else {key: _literal(value) for key, value in run.params.items()}
    )
    return f"{function.rpartition('.')[2]}({', '.join(f'{name}={value}' for name, value in given.items())})"


def _arguments(text: str | None) -> dict[str, str] | None:
    """The recorded arguments as Python writes them; None if they are not all here."""
    try:
        told_of = json.loads(text or "")
    except ValueError:  # a long one is cut
        return None
    return (
        {name: _written(value) for name, value in told_of.items()} if isinstance(told_of, Mapping) else None
    )


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        is_plain = not any(str(key).startswith("$") for key in value)
        inner = ", ".join(f"{key!r}: {_written(one)}" for key, one in value.items())
        return f"{{{inner}}}" if is_plain else "..."
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_written, value))}]"
    return repr(value)


def _literal(text: str) -> str:
    """A param as Python writes it: numbers and truth values are what they look like."""
    if text in ("True", "False", "None"):
        return text
    try:
        float(text)
    except ValueError:
        return repr(text)
    return text if text.strip("+-").isdecimal() or "." in text or "e" in text.lower() else repr(text)


def _lines(winner: Facts, goal: Goal, caller: Facts, call: str | None) -> Iterator[str]:
    value = winner.metric(goal.metric)
    yield f"{name_of(winner)}  {id_of(winner)[:SHORT]}  {goal.metric}={'' if value is None else number(value)}"
    yield from (f"  {key} = {param}" for key, param in winner.params.items())
    if call is not None:
        module = caller.tags[t.FUNCTION].rpartition(".")[0]
        yield f"the call, of {module}:" if module else "the call:"
        yield f"  {call}"
        yield f"again: tracked rerun {id_of(caller)[:SHORT]}"
