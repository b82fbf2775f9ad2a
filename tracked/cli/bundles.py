"""``tracked export`` and ``tracked import``: from a machine without network to one that reaches the store."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .speaking import safe, safe_lines, say
from .sync import LEFT, told

if TYPE_CHECKING:
    from ..session.bundles import Placed
    from ..session.syncing import Report


@contextmanager
def _errors() -> Iterator[None]:
    from ..errors import TrackedError  # noqa: PLC0415 - `tracked --help` stays quick

    try:
        yield
    except TrackedError as error:
        raise click.ClickException(safe_lines(str(error))) from error
    except OSError as error:
        told = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise click.ClickException(safe_lines(told)) from error


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all", "take_all", is_flag=True, help="Every journal folder that has journals.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The file; it must be new."
)
@click.option("--anyway", is_flag=True, help="Journals too that are still written, as they are now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a journal folder.")
def export(*, folders: tuple[Path, ...], take_all: bool, output: Path, anyway: bool, as_json: bool) -> None:
    """Pack journals with their artifacts into one file.

    It is for `tracked import` on another machine.
    FOLDERS are journal folders, as `tracked doctor` names them; without any, the current store's is packed.
    They stay where they are: what is delivered from both sides is in the store once.

    Exit codes: 0 the file is written, 1 it is not.
    """
    from ..journal.folder import Folder  # noqa: PLC0415 - as above
    from ..session import bundles, current, place  # noqa: PLC0415

    with _errors():
        chosen = place.folders(current().home) if take_all else [Folder(path.absolute()) for path in folders]
        if take_all:
            chosen = [folder for folder in chosen if folder.journals()]
        for packed in bundles.export(output, chosen if take_all or folders else None, anyway=anyway):
            line = f"{packed.store}: {packed.journals} journals, {packed.undelivered} bytes not delivered, in {output}"
            say(json.dumps(packed._asdict()) if as_json else safe(line))


@click.command(name="import")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--here", is_flag=True, help="Send all to the current store, whatever it was recorded for.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds to wait for a shipper at work.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a store.")
def import_(*, bundle: Path, here: bool, timeout: float, as_json: bool) -> None:
    """Take over what `tracked export` has packed, and deliver it.

    Exit codes: 0 all is delivered, 1 nothing was taken over, 4 something is left:
    it is kept, and `tracked sync` goes on with it.
    """
    from ..session import bundles  # noqa: PLC0415 - as above

    with _errors():
        done = [_delivered(placed, timeout) for placed in bundles.import_(bundle, here=here)]
    for placed, report in done:
        say(_as_json(placed, report) if as_json else safe_lines(_as_text(placed, report)))
    sys.exit(LEFT if any(placed.problem or (report and report.left) for placed, report in done) else 0)


def _delivered(placed: Placed, timeout: float) -> tuple[Placed, Report | None]:
    from ..journal.folder import Folder  # noqa: PLC0415 - as above
    from ..session import current, syncing  # noqa: PLC0415

    if not placed.folder:
        return placed, None
    return placed, syncing.sync_one(current(), Folder(Path(placed.folder)), timeout)


def _as_json(placed: Placed, report: Report | None) -> str:
    left, problem = (report.left, report.problem) if report else (0, "")
    return json.dumps({**placed._asdict(), "left": left, "problem": placed.problem or problem})


def _as_text(placed: Placed, report: Report | None) -> str:
    if placed.problem:
        return f"{placed.store}: {placed.problem}"
    line = f"{placed.journals} journals are new" if placed.journals else "nothing is new: it was here before"
    return f"{placed.store}: {line}" + (f"\n{told(report)}" if report else "")
