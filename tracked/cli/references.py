"""Which run a person means: one way to say it, for every command."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from .. import tags as t
from ..errors import ConfigError, RunNotFound
from ..nearest import did_you_mean
from .reading import SHORT, age, found, id_of, kind_of, name_of, opened, scope
from .speaking import note

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..mlflow.queries import Where
    from ..session.building import Session

_WHOLE, _BEGINNING = re.compile("[0-9a-f]{32}"), re.compile("[0-9a-f]{4,64}")
_TOLD, _RECENT = 10, 200
_SWEEP = "hpo"
_WAYS = {"min": False, "max": True}
_KEYS = (t.CALL_KEY, t.TRIAL_KEY_HASH, t.RUN_KEY_HASH, t.STUDY_KEY_HASH)


class Goal(NamedTuple):
    """A metric, and whether the largest value is the best; None where that is not said."""

    metric: str
    largest: bool | None


def goal_of(text: str) -> Goal:
    """``loss:min``, ``f1:max`` or just ``f1``."""
    metric, _, way = text.rpartition(":")
    return Goal(metric, _WAYS[way]) if metric and way in _WAYS else Goal(text, None)


def referred(reference: str, experiment: str | None = None) -> Facts:
    """The one run that is meant; nothing is guessed.

    Args:
        reference: a run's id in MLflow or the one in its tag ``tracked.id``, or its beginning; its name; the beginning
            of one of its keys; ``@last``, the newest run at a root; ``@best:METRIC``, with ``:min`` or ``:max`` if a
            sweep has not said it.
        experiment: where `@last` and `@best` look; by default that of the settings, else all.

    Raises:
        RunNotFound: there is none, and the message names the nearest; or there are several, and it lists them.
        ConfigError: it is no reference.
        BackendUnavailable: the store does not answer.
    """
    session = opened()
    if reference == "@last":
        return _last(session, scope(session, experiment))
    if reference.startswith("@best:"):
        return _best(session, scope(session, experiment), goal_of(reference.removeprefix("@best:")))
    if reference.startswith("@"):
        raise ConfigError(
            f"{reference!r} is no reference{did_you_mean(reference, ['@last', '@best:METRIC'])}"
        )
    return _only(session, reference, _fitting(session, reference))


def _last(session: Session, experiment: str) -> Facts:
    runs = found(session, experiment, most=1, where={f"tags.{t.MLFLOW_PARENT}": None})
    if not runs:
        raise RunNotFound(f"there are no runs in {session.shown_uri} yet")
    return runs[0]


def _best(session: Session, experiment: str, goal: Goal) -> Facts:
    sure = Goal(goal.metric, recorded_way(session, goal.metric) if goal.largest is None else goal.largest)
    # What a sweep has, one of its trials has measured.
    return best_of(session, sure, experiment, where={f"tags.{t.STAGE}": ("not", _SWEEP)})


def best_of(session: Session, goal: Goal, experiment: str = "*", *, where: Where) -> Facts:
    """The run with the best value of a metric, of those for which this holds.

    Raises:
        RunNotFound: none has a number for it.
        BackendUnavailable: the store does not answer.
    """
    from ..mlflow.best import find_best  # noqa: PLC0415 - loads MLflow
    from ..mlflow.columns import facts_of  # noqa: PLC0415

    largest, smallest = (goal.metric, None) if goal.largest else (None, goal.metric)
    best = find_best(
        session.uri,
        experiment,
        maximize=largest,
        minimize=smallest,
        where=where,
        templates=session.templates,
    )
    return facts_of(best)


def recorded_way(session: Session, metric: str) -> bool:
    """Whether the largest value is the best: the newest sweep with this objective tells; else it is, which is said."""
    where = {f"tags.{t.OBJECTIVE}": ("like", f"%{metric}%"), f"tags.{t.DIRECTION}": ("like", "%")}
    for run in found(session, most=_TOLD, where=where):
        if (way := ways_of(run).get(metric)) is not None:
            return way
    note(f"the largest {metric} is taken for the best: no sweep says otherwise; {metric}:min is the smallest")
    return True


def ways_of(run: Facts) -> dict[str, bool]:
    """The objectives of a sweep, and whether the largest value is the best."""
    names, ways = (run.tags.get(tag, "").split(", ") for tag in (t.OBJECTIVE, t.DIRECTION))
    return {name: way.startswith("max") for name, way in zip(names, ways, strict=False) if name and way}


def _fitting(session: Session, text: str) -> list[Facts]:
    """The runs that the text fits in the strongest way in which it fits any."""
    if _WHOLE.fullmatch(text):
        exact = found(session, most=1, where={"run_id": text})
        if exact:
            return exact
    runs = found(session, most=_RECENT, where=_questions(text))
    ranks = [(_rank(run, text), run) for run in runs]
    strongest = min((rank for rank, _ in ranks), default=0)
    return [run for rank, run in ranks if rank == strongest]


def _questions(text: str) -> list[Where]:
    by_name: Where = {"attributes.run_name": text}
    if not _BEGINNING.fullmatch(text):
        return [by_name]
    begins = ("like", f"{text}%")
    keys = [(key, name) for key in _KEYS for name in t.reading_order(key)]
    by_key: list[Where] = [
        _study(name, begins) if key == t.STUDY_KEY_HASH else {f"tags.{name}": begins} for key, name in keys
    ]
    return [by_name, {"run_id": begins}, {f"tags.{t.LOCAL_ID}": begins}, *by_key]


def _study(name: str, begins: tuple[str, str]) -> Where:
    """A study's key is that of all its trials too: the sweep is meant."""
    return {f"tags.{name}": begins}, [{f"tags.{stage}": _SWEEP} for stage in t.reading_order(t.STAGE)]


def _rank(run: Facts, text: str) -> int:
    """How strongly the text names the run: an id, a name, a key; the smaller, the stronger."""
    ids = id_of(run), run.tags.get(t.LOCAL_ID, "")
    if any(one.startswith(text) for one in ids) and _BEGINNING.fullmatch(text):
        return 0
    if name_of(run) == text:
        return 1
    fits = [(t.read(run.tags, key) or "").startswith(text) for key in _KEYS]
    return 2 + fits.index(True) if True in fits else 2 + len(fits)


def _only(session: Session, text: str, runs: list[Facts]) -> Facts:
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise RunNotFound(f"there is no run {text!r} in {session.shown_uri}{_near(session, text)}")
    told = "".join(f"\n  {line_of(run)}" for run in runs[:_TOLD])
    more = f"\n  and {len(runs) - _TOLD} more" if len(runs) > _TOLD else ""
    raise RunNotFound(f"{text!r} could be any of {len(runs)} runs; say more of its id:{told}{more}")


def line_of(run: Facts) -> str:
    """The run in a line."""
    parts = (
        id_of(run)[: SHORT + 4],
        name_of(run),
        kind_of(run),
        str(run.attributes["status"]),
        f"{age(run)} ago",
    )
    return "  ".join(filter(None, parts))


def _near(session: Session, text: str) -> str:
    recent = found(session, most=_RECENT)
    known = {name_of(run): run for run in reversed(recent)} | {id_of(run)[: len(text)]: run for run in recent}
    near = [name for name in known if name.startswith(text)][:3]
    near = near or difflib.get_close_matches(text, known, n=3, cutoff=0.6)
    told = "".join(f"\n  {line_of(known[name])}" for name in near)
    return f"; the nearest are{told}" if near else "; `tracked runs` lists those that there are"
