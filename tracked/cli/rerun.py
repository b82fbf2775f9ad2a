"""``tracked rerun`` and ``tracked verify``: a run is done again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError
from ..provenance.verdict import ATOL, RTOL
from ..rerunning import Plan, Verdict, planned, verified
from .reaching import told
from .reading import id_of
from .references import referred
from .speaking import note, safe, say, say_json

DIFFERENT = 6
"""Exit code: the run came out differently."""


@click.command()
@click.argument("run")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another value of an argument.")
@click.option("--dry-run", is_flag=True, help="Only say which call would be made.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def rerun(*, run: str, changes: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Do a run again, as a new one.

    Its function is called with the same arguments, and the new run names the first one.
    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`. The function is
    imported from this folder or from what is installed; it must be a decorated one. What it raises comes out as it is.

    Exit codes: 0 it is done, 1 it cannot be done or the function failed,
    3 there is no such run, 4 the store does not answer.
    """
    with told():
        plan = _planned(run, changes)
        if dry_run:
            say_json({"run_id": plan.run_id, "call": str(plan)}) if as_json else say(safe(plan))
            return
        again = plan.make().id
    say_json({"run_id": plan.run_id, "again": again}) if as_json else say(again)


@click.command()
@click.argument("run")
@click.option("--rtol", default=RTOL, show_default=True, help="How far a number may be off, as a part of it.")
@click.option("--atol", default=ATOL, show_default=True, help="How far a number may be off in any case.")
@click.option("--metric", "metrics", multiple=True, help="Only this metric; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(*, run: str, rtol: float, atol: float, metrics: tuple[str, ...], as_json: bool) -> None:
    """Do a run again, and say where it came out differently.

    That is the first step at which it measures something else.
    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`. Every point of every
    metric of the run is compared; those of runs inside it are not.

    Exit codes: 0 all is the same, 1 it cannot be done or the function failed,
    3 there is no such run, 4 the store does not answer, 6 it came out differently.
    """
    with told():
        verdict = verified(_planned(run, ()), rtol, atol, metrics)
    say_json(_as_dict(verdict)) if as_json else say(safe(_as_text(verdict)))
    sys.exit(DIFFERENT if verdict.divergence else 0)


def _planned(run: str, changes: tuple[str, ...]) -> Plan:
    # As `python -m` does: the project need not be installed.
    sys.path.insert(0, str(Path.cwd()))
    given = dict(change.partition("=")[::2] for change in changes)
    if wrong := [change for change in changes if "=" not in change]:
        raise ConfigError(f"--set is NAME=VALUE, not {wrong[0]!r}")
    plan = planned(id_of(referred(run)), given)
    for remark in plan.remarks:
        note(remark)
    return plan


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    parted = verdict.divergence
    told_of = {"run_id": verdict.run_id, "again": verdict.again, "metrics": verdict.metrics}
    return {**told_of, "same": parted is None, "divergence": parted and vars(parted)}


def _as_text(verdict: Verdict) -> str:
    if verdict.divergence is None:
        return f"the same: {verdict.metrics} metrics of {verdict.run_id} came out again in {verdict.again}"
    return f"different: {verdict.divergence} ({verdict.run_id}, again in {verdict.again})"
