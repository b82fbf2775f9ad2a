"""``tracked explain``: in what two runs differ."""

from __future__ import annotations

import click

from ..comparing import as_dict, compared
from .reaching import told
from .reading import id_of
from .references import referred
from .speaking import safe_lines, say, say_json


@click.command()
@click.argument("run")
@click.argument("other", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(*, run: str, other: str | None, as_json: bool) -> None:
    """Say why a run was not reused for another one.

    That is, in what the work of the two differs.
    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`; so is OTHER. Without
    OTHER it is the run of the same function that is most like RUN.

    Exit codes: 0 it is said, 1 a setting is wrong, 3 there is no such run, or
    there are several, 4 the store does not answer.
    """
    with told():
        found = compared(id_of(referred(run)), id_of(referred(other)) if other else None)
    if as_json:
        say_json(as_dict(found))
    else:
        say(safe_lines(str(found)))
