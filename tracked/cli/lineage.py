"""``tracked lineage``: where a run came from, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .. import tags as t
from ..provenance.edges import sources_of
from ..selecting import find_lineage
from .reaching import told
from .reading import id_of
from .references import referred
from .speaking import safe, say, say_json

if TYPE_CHECKING:
    from ..mlflow.lineage import Lineage


@click.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def lineage(*, run: str, as_json: bool) -> None:
    """Say which runs a run came from, and which came of it.

    The earliest stand first.
    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`.

    Exit codes: 0 it is said, 1 a setting is wrong, 3 there is no such run,
    4 the store does not answer.
    """
    with told():
        found = find_lineage(id_of(referred(run)))
    if as_json:
        say_json(_as_dict(found))
        return
    for line in _lines(found):
        say(line)


def _as_dict(found: Lineage) -> dict[str, Any]:
    runs = (*found.sources, found.run, *found.products)
    return {
        "run": _told(found.run),
        "sources": [_told(run) for run in found.sources],
        "products": [_told(run) for run in found.products],
        "edges": [edge for run in runs for edge in _edges(run)],
    }


def _told(run: Any) -> dict[str, str]:
    info = run.info
    stage = t.read(run.data.tags, t.STAGE) or ""
    return {"run_id": info.run_id, "name": info.run_name, "stage": stage, "status": info.status}


def _edges(run: Any) -> Iterator[dict[str, str]]:
    """The runs that this one names, and how."""
    for source, by in sources_of(run.data.tags):
        yield {"from": source, "to": run.info.run_id, "by": by}


def _lines(found: Lineage) -> Iterator[str]:
    runs = (*found.sources, found.run, *found.products)
    names = {run.info.run_id: run.info.run_name for run in runs}
    for run in runs:
        edges: dict[str, list[str]] = {}
        for edge in _edges(run):
            edges.setdefault(names.get(edge["from"], edge["from"]), []).append(edge["by"])
        facts = _told(run)
        mark = "*" if run is found.run else " "
        yield safe(f"{mark} {facts['run_id']} {facts['stage'] or 'run'} {facts['name']} {facts['status']}")
        yield from (safe(f"    from {name} ({', '.join(by)})") for name, by in edges.items())
