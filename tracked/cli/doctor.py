"""``tracked doctor``: what is wrong, and what helps."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from .reaching import UNREACHABLE
from .speaking import safe_lines, say

if TYPE_CHECKING:
    from ..session.findings import Finding

LEFT = 5
"""Exit code: something that was found is left for a person."""


@click.command()
@click.option("--fix", is_flag=True, help="Do what can be done by itself.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds that the store is given to answer.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding.")
def doctor(*, fix: bool, timeout: float, as_json: bool) -> None:
    """Look at the store, the journals and this machine, and say what helps.

    Exit codes: 0 all is well or was fixed, 1 there is no looking at all,
    4 the store cannot be reached, 5 something else is left to do.
    """
    from ..errors import TrackedError  # noqa: PLC0415 - `tracked --help` stays quick
    from ..session.checkup import checkup  # noqa: PLC0415

    left = []
    try:
        for finding in checkup(timeout):
            after, fixed = _fixed(finding) if fix and finding.fix else (finding, False)
            say(_as_json(after, fixed=fixed) if as_json else safe_lines(_told(after, fixed=fixed, fix=fix)))
            if after.level != "ok" and not fixed:
                left.append(after.about)
    except (TrackedError, OSError) as error:
        raise click.ClickException(safe_lines(str(error))) from error
    sys.exit(UNREACHABLE if "reach" in left else LEFT if left else 0)


def _fixed(finding: Finding) -> tuple[Finding, bool]:
    """The finding after its fix was tried, and whether that helped."""
    problem = finding.fix() if finding.fix else ""
    return (
        (replace(finding, what=f"{finding.what}; not fixed: {problem}"), False)
        if problem
        else (finding, True)
    )


def _told(finding: Finding, *, fixed: bool, fix: bool) -> str:
    line = f"{'fixed' if fixed else finding.level:<7}{finding.about:<10}{finding.what}"
    if fixed or not finding.cure:
        return line
    by_itself = " (--fix does it)" if finding.fix and not fix else ""
    return f"{line}\n{'':<17}-> {finding.cure}{by_itself}"


def _as_json(finding: Finding, *, fixed: bool) -> str:
    return json.dumps(
        {
            "about": finding.about,
            "level": finding.level,
            "what": finding.what,
            "cure": finding.cure,
            "fixable": finding.fix is not None,
            "fixed": fixed,
        }
    )
