"""``tracked diff``: why two runs came out differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .. import tags as t
from ..comparing import compared
from ..found import differing
from ..identity.explain import ABSENT
from .reaching import told
from .reading import found, id_of, name_of, number, opened
from .references import referred
from .speaking import heading, safe, say, say_json

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..session.building import Session

_PACKAGES = "provenance/packages.txt"
_DIFF = "provenance/diff.patch"
_CODE = {"commit": t.GIT_COMMIT, "branch": t.GIT_BRANCH, "changes": t.GIT_DIRTY, "function": t.FUNCTION}
_MACHINE = {"python": t.PYTHON, "platform": t.PLATFORM, "host": t.HOST}


class Change(NamedTuple):
    """One thing that is another one in the second run; None where a run has none."""

    group: str
    key: str
    run: Any
    other: Any


@click.command()
@click.argument("run")
@click.argument("other")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def diff(*, run: str, other: str, as_json: bool) -> None:
    """Say why two runs came out differently.

    Held against each other are code, packages, machine, params, and what their keys are made of.
    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`; so is OTHER.

    Exit codes: 0 it is said, 1 a setting is wrong, 3 there is no such run, or
    there are several, 4 the store does not answer.
    """
    with told():
        runs = referred(run), referred(other)
        parts = list(changes(*runs))
    if as_json:
        say_json(
            {"run": id_of(runs[0]), "other": id_of(runs[1]), "changes": [one._asdict() for one in parts]}
        )
        return
    for line in _lines(runs, parts):
        say(line)


def changes(run: Facts, other: Facts) -> Iterator[Change]:
    """What is another thing in the second run, the likeliest causes first."""
    session = opened()
    runs, origins = (run, other), (_origin(session, run), _origin(session, other))
    yield from _changed("code", *_told(runs, origins, _CODE))
    if origins[0].tags.get(t.DIFF) != origins[1].tags.get(t.DIFF):
        yield Change("code", "diff", *map(_place_of_diff, origins))
    if origins[0].tags.get(t.PACKAGES) != origins[1].tags.get(t.PACKAGES):
        yield from _changed("packages", _packages(session, origins[0]), _packages(session, origins[1]))
    yield from _changed("machine", *_told(runs, origins, _MACHINE))
    yield from _changed("params", run.params, other.params)
    known = {f"params.{key}" for key in differing([run.params, other.params])}
    for one in compared(id_of(run), id_of(other)).differences.differences:
        if one.path not in known:
            yield Change(
                "key", one.path, *(None if side is ABSENT else side for side in (one.left, one.right))
            )


def _changed(group: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    for key in sorted(differing([one, other])):
        yield Change(group, key, one.get(key), other.get(key))


def _told(
    runs: Sequence[Facts], origins: Sequence[Facts], tags: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """What is told of each run, by itself or else by the run that tells for it."""
    return (_read(origin, tags) | _read(run, tags) for run, origin in zip(runs, origins, strict=True))


def _place_of_diff(origin: Facts) -> str | None:
    run = origin.tags.get(t.DIFF_RUN)
    return f"{run}/{_DIFF}" if run else None


def _read(run: Facts, tags: Mapping[str, str]) -> dict[str, str]:
    return {name: run.tags[tag] for name, tag in tags.items() if tag in run.tags}


def _origin(session: Session, run: Facts) -> Facts:
    """The run that tells where this one comes from: it, or the first above it that does."""
    seen: set[str] = set()
    here = run
    while t.PROVENANCE not in here.tags and (above := here.tags.get(t.MLFLOW_PARENT)) and above not in seen:
        seen.add(above)
        runs = found(session, most=1, where={"run_id": above})
        if not runs:
            return run
        here = runs[0]
    teller = here.tags.get(t.PROVENANCE, id_of(here))
    return next(iter(found(session, most=1, where={"run_id": teller})), here)


def _packages(session: Session, origin: Facts) -> dict[str, str]:
    """Versions by name; empty where they are not told."""
    from ..errors import ArtifactNotFound, Refused  # noqa: PLC0415
    from ..mlflow.artifacts.repository import Repository  # noqa: PLC0415 - loads MLflow
    from ..mlflow.client import client_for  # noqa: PLC0415

    try:
        text = Repository(client_for(session.uri, session.templates), id_of(origin)).read(_PACKAGES)
    except (ArtifactNotFound, Refused, OSError):
        return {}
    lines = (line.partition("==") for line in text.decode("utf-8", "replace").splitlines())
    return {name: version for name, sign, version in lines if sign}


def _lines(runs: tuple[Facts, Facts], parts: list[Change]) -> Iterator[str]:
    yield heading(safe(" -> ".join(f"{name_of(run)} ({id_of(run)})" for run in runs)))
    if not parts:
        yield "no difference is on record"
    group = ""
    for one in parts:
        title, group = "" if one.group == group else one.group, one.group
        yield f"{title:<9} {safe(one.key)}: {_shown(one.run)} -> {_shown(one.other)}"
    commits = [one for one in parts if one.key == "commit" and one.run and one.other]
    if commits:
        yield safe(f"{'':<9} see: git diff {commits[0].run[:12]} {commits[0].other[:12]}")


def _shown(value: Any) -> str:
    text = "-" if value is None else number(value) if isinstance(value, float) else safe(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
