"""In what two runs differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import finished
from . import session as sessions
from . import tags as t
from .errors import ArtifactNotFound, RunNotFound
from .explaining import facts_of, of_function
from .identity import Explanation, explain
from .identity.explain import ABSENT
from .session.building import Session


@dataclass(frozen=True)
class Compared:
    """Two runs, and the leaves in which what they were differs."""

    run: str
    other: str
    differences: Explanation

    def __str__(self) -> str:
        return (
            f"{self.run} -> {self.other}\n{self.differences}"
            if self.differences
            else f"{self.run} and {self.other} are of the same work"
        )


def compared(run_id: str, other_id: str | None = None) -> Compared:
    """In what two runs differ, or a run and the nearest other one of its function.

    Raises:
        RunNotFound: there is no such run, or no other one of its function.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.finder import get_run  # noqa: PLC0415 - as above

    session = sessions.current()
    run = get_run(session.uri, run_id, session.templates)
    other = get_run(session.uri, other_id, session.templates) if other_id else _nearest_run(session, run)
    return Compared(_called(run), _called(other), explain(*_both(session, run, other)))


def _called(run: Any) -> str:
    return f"{run.info.run_name} ({run.info.run_id})"


def _nearest_run(session: Session, run: Any) -> Any:
    function = run.data.tags.get(t.FUNCTION)
    experiment = _experiment_name(session, run.info.experiment_id)
    there = of_function(session, function, experiment) if function else []
    others = [one for one in there if one.info.run_id != run.info.run_id]
    if not others:
        raise RunNotFound(
            f"there is no other run of {function or 'its function'} in experiment {experiment!r}"
        )
    return min(others, key=lambda one: len(explain(facts_of(one), facts_of(run)).differences))


def _experiment_name(session: Session, experiment_id: str) -> str:
    from .mlflow.client import known_experiment  # noqa: PLC0415 - as above

    return str(known_experiment(session.uri, experiment_id=experiment_id).name)


def _both(session: Session, *runs: Any) -> Sequence[Mapping[str, Any]]:
    """What both keys were made of, if that was stored with both; else their params and hashes."""
    payloads = [_payload(session, run) for run in runs]
    return payloads if all(payloads) else [facts_of(run) for run in runs]


def _payload(session: Session, run: Any) -> Mapping[str, Any]:
    from .mlflow.artifacts.download import fetch  # noqa: PLC0415 - as above
    from .mlflow.artifacts.repository import Repository  # noqa: PLC0415
    from .mlflow.client import client_for  # noqa: PLC0415

    if t.STORED not in run.data.tags:
        return {}
    repository = Repository(client_for(session.uri, session.templates), run.info.run_id)
    with TemporaryDirectory(prefix="tracked-") as folder:
        try:
            note = fetch(repository, f"{finished.ARTIFACT}/{finished.NOTE}", Path(folder))
            found = json.loads(note.read_bytes())["key"]
        except (ArtifactNotFound, OSError, ValueError, KeyError, TypeError):
            return {}
    return found if isinstance(found, Mapping) else {}


def as_dict(found: Compared) -> dict[str, Any]:
    """The comparison as JSON has it; a leaf that one of the runs does not have is left out."""
    return {"run": found.run, "other": found.other, "differences": [*_plain(found.differences)]}


def _plain(differences: Explanation) -> Iterable[dict[str, Any]]:
    for one in differences.differences:
        sides = {"run": one.left, "other": one.right}
        yield {"path": one.path, **{side: leaf for side, leaf in sides.items() if leaf is not ABSENT}}
