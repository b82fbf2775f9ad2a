"""``tracked show``: all that is known of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from .. import tags as t
from ..finding import get_mlflow_run_url
from ..ports import OURS
from ..session.findings import size
from .listing import Row, lines
from .reaching import told
from .reading import (
    SHORT,
    as_dict,
    duration,
    found,
    id_of,
    kind_of,
    moment,
    name_of,
    number,
    opened,
    seconds_of,
)
from .references import referred
from .runs import INSIDE
from .speaking import heading, safe, say, say_json, status_painted, width
from .tables import Column, course, table

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..mlflow.curves import Curves
    from ..session.building import Session

_CURVE, _FILES = 16, 30
_KEYS = {
    "call": t.CALL_KEY,
    "trial": t.TRIAL_KEY_HASH,
    "study": t.STUDY_KEY_HASH,
    "family": t.STUDY_FAMILY_HASH,
    "run": t.RUN_KEY_HASH,
}
_NOT_OF_THE_USER = ("tracked.", "mlflow.", "code.")


@click.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(*, run: str, as_json: bool) -> None:
    """Show all that is known of a run.

    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`.

    Exit codes: 0 it is shown, 1 a setting is wrong, 3 there is no such run,
    or there are several, 4 the store does not answer.
    """
    with told():
        facts, session = referred(run), opened()
        files, inside = _files(session, facts), _inside(session, facts)
        curves = _curves(session, facts)
        url = get_mlflow_run_url(str(facts.attributes["experiment_id"]), id_of(facts))
        parts = [] if as_json else [*_parts(session, facts, files, inside, curves, url)]
    if as_json:
        children = [{"run_id": id_of(one), "run_name": name_of(one)} for one in inside]
        say_json(
            {**as_dict(facts), "url": url, "artifacts": files, "children": children, "keys": keys_of(facts)}
        )
    for line in parts:
        say(line)


def keys_of(run: Facts) -> dict[str, str]:
    """The run's keys, whole, by what they are of."""
    found = {name: t.read(run.tags, tag) for name, tag in _KEYS.items()}
    return {name: key for name, key in found.items() if key}


def _files(session: Session, run: Facts) -> dict[str, int | None]:
    """Sizes of the run's artifacts by name; none where they cannot be listed."""
    from ..errors import BackendUnavailable, Refused  # noqa: PLC0415
    from ..mlflow.artifacts.repository import Repository  # noqa: PLC0415 - loads MLflow
    from ..mlflow.client import client_for  # noqa: PLC0415

    try:
        files = Repository(client_for(session.uri, session.templates), id_of(run)).files("")
    except (BackendUnavailable, Refused):
        return {}
    return {name: size for name, size in files.items() if not name.startswith(f"{OURS}/")}


def _inside(session: Session, run: Facts) -> list[Facts]:
    """The runs directly below, the earliest first."""
    return found(session, where={f"tags.{t.MLFLOW_PARENT}": id_of(run)})[::-1]


def _curves(session: Session, run: Facts) -> Curves:
    from ..mlflow.curves import curves  # noqa: PLC0415 - loads MLflow

    return curves(session.uri, {id_of(run): sorted(run.metrics)}, _CURVE, templates=session.templates)


def _parts(
    session: Session,
    run: Facts,
    files: Mapping[str, int | None],
    inside: Sequence[Facts],
    curves: Curves,
    url: str,
) -> Iterator[str]:
    wide = width()
    yield f"{heading(safe(name_of(run)))}  {status_painted(str(run.attributes['status']))}"
    yield from _pairs(_header(session, run, url), 0)
    if why := _why(run):
        yield from _titled("why", _pairs(why, wide))
    if run.params:
        yield from _titled("params", _pairs(sorted(run.params.items()), wide))
    if run.metrics:
        yield from _titled("metrics", _metrics(run, curves.get(id_of(run), {}), wide))
    tags = {key: value for key, value in sorted(run.tags.items()) if not key.startswith(_NOT_OF_THE_USER)}
    if tags:
        yield from _titled("tags", _pairs(tags.items(), wide))
    if files:
        yield from _titled(f"artifacts ({len(files)})", _listed(files))
    if inside:
        rows = [Row(one) for one in inside[:INSIDE]]
        more = [f"and {len(inside) - INSIDE} more"] if len(inside) > INSIDE else []
        yield from _titled(f"inside ({len(inside)})", [*lines(session, rows, max(0, wide - 2)), *more])
    if keys := keys_of(run):
        yield from _titled("keys", _pairs(keys.items(), wide))


def _header(session: Session, run: Facts, url: str) -> list[tuple[str, str]]:
    from ..mlflow.client import known_experiment  # noqa: PLC0415 - loads MLflow

    experiment = str(run.attributes["experiment_id"])
    took = duration(seconds_of(run))
    commit = run.tags.get(t.GIT_COMMIT, "")
    changed = " with changes" if run.tags.get(t.GIT_DIRTY) == "true" else ""
    pairs = [
        ("id", id_of(run)),
        ("kind", kind_of(run)),
        ("function", run.tags.get(t.FUNCTION, "")),
        ("experiment", known_experiment(session.uri, experiment_id=experiment).name),
        ("inside", run.tags.get(t.MLFLOW_PARENT, "")),
        ("began", moment(run.attributes.get("start_time")) + (f", took {took}" if took else "")),
        ("code", f"{commit[:12]}{changed}" if commit else ""),
        ("see", url if "://" in url.partition(" ")[0] else f"tracked ui {id_of(run)[:SHORT]}"),
    ]
    return [(name, value) for name, value in pairs if value]


def _why(run: Facts) -> list[tuple[str, str]]:
    """Why it did not finish, as far as that was recorded."""
    told_of = {"reason": t.END_REASON, "error": t.ERROR_TYPE, "message": t.ERROR_MESSAGE}
    return [(name, run.tags[tag]) for name, tag in told_of.items() if tag in run.tags]


def _titled(title: str, body: Any) -> Iterator[str]:
    yield ""
    yield heading(title)
    yield from (f"  {line}" for line in body)


def _pairs(pairs: Any, wide: int) -> list[str]:
    """Names and values; a value is cut where the line ends."""
    columns = [Column(""), Column("", least=12 if wide else 0)]
    return table(columns, [(str(name), str(value)) for name, value in pairs], max(0, wide - 2))


def _metrics(run: Facts, curves: Mapping[str, Sequence[float]], wide: int) -> list[str]:
    columns = [Column("", least=12), Column("", to_right=True), Column("")]
    rows = []
    for key in sorted(run.metrics):
        value, values = run.metric(key), curves.get(key, ())
        rows.append((key, "" if value is None else number(value), course(values, _CURVE)))
    return table(columns, rows, max(0, wide - 2))


def _listed(files: Mapping[str, int | None]) -> list[str]:
    rows = [(name, "" if count is None else size(count)) for name, count in list(files.items())[:_FILES]]
    more = [f"and {len(files) - _FILES} more"] if len(files) > _FILES else []
    return [*table([Column(""), Column("", to_right=True)], rows, 0), *more]
