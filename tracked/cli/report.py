"""``tracked report``: a run as one page that opens anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError
from ..reporting import report_of
from ..reports import Report, importance, page
from .reaching import told
from .reading import id_of
from .references import referred
from .speaking import say, say_json

STDOUT = "-"


@click.command()
@click.argument("run")
@click.option(
    "-o", "--output", default="report.html", show_default=True, help="The file; - writes to stdout."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def report(*, run: str, output: str, as_json: bool) -> None:
    """Write a run, or a sweep with its trials, as one HTML page.

    The page needs no network and no script. RUN is an id or its beginning, a
    name, the beginning of a key, `@last` or `@best:METRIC`.

    Exit codes: 0 it is written, 1 it cannot be written there or a setting is
    wrong, 3 there is no such run, or there are several, 4 the store does not
    answer.
    """
    with told():
        found = report_of(id_of(referred(run)))
        content = page(found).encode(errors="replace")
        if output == STDOUT:
            click.echo(content, nl=False)
            return
        path = _written(Path(output), content)
    if as_json:
        say_json({**_as_dict(found), "file": str(path), "bytes": len(content)})
    else:
        say(f"{path} ({len(content) / 1000:.0f} kB)")


def _written(path: Path, content: bytes) -> Path:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"the report cannot be written to {path}: {error.strerror}") from error
    return path.absolute()


def _as_dict(found: Report) -> dict[str, Any]:
    search = found.search
    measured = {one.name: one.explained for one in importance(search)} if search else {}
    trials = len(search.trials) if search else 0
    return {"run_id": found.run, "run_name": found.name, "trials": trials, "importance": measured}
