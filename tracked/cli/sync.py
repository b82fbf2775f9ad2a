"""``tracked sync``: deliver what is kept in the journals."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import asdict

import click

from .speaking import safe, safe_lines, say

LEFT = 4
"""Exit code: a store could not be reached, or did not take everything in time."""


@click.command()
@click.option("--watch", is_flag=True, help="Go on delivering to the current store until stopped.")
@click.option("--dry-run", is_flag=True, help="Only say what would be delivered.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds to wait for a shipper at work.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a journal folder.")
def sync(*, watch: bool, dry_run: bool, timeout: float, as_json: bool) -> None:
    """Deliver runs that are kept in the journals, each to its own store.

    The login of the environment is shown to the current store only.

    Exit codes: 0 all is delivered, 1 a setting is wrong, 4 something is left.
    """
    from ..errors import TrackedError  # noqa: PLC0415 - `tracked --help` stays quick
    from ..session import syncing  # noqa: PLC0415

    try:
        if watch:
            _watch()
            return
        left = 0
        for report in syncing.sync_all(timeout, dry_run=dry_run):
            left += report.left
            say(json.dumps(asdict(report)) if as_json else safe(told(report, dry_run=dry_run)))
    except TrackedError as error:
        raise click.ClickException(safe_lines(str(error))) from error
    sys.exit(LEFT if left and not dry_run else 0)


def told(report: object, *, dry_run: bool = False) -> str:
    """The report as a line."""
    fields = vars(report)
    if dry_run:
        return f"{fields['store']}: {fields['before']} bytes to deliver from {fields['folder']}"
    sent = fields["before"] - fields["left"]
    aside = f", {fields['aside']} refused records kept aside" if fields["aside"] else ""
    why = f"; {fields['left']} bytes are left: {fields['problem']}" if fields["left"] else ""
    return f"{fields['store']}: {sent} bytes of records delivered{aside}{why}"


def _watch() -> None:
    import filelock  # noqa: PLC0415 - as above

    from ..session import syncing  # noqa: PLC0415

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    try:
        syncing.watch(stop)
    except filelock.Timeout as error:
        raise click.ClickException("another shipper serves this store already") from error
