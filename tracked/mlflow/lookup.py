"""Exactly one run, by the first of several marks that fits one run and no other; never the nearest or the newest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from mlflow.entities import Run

from .. import tags as t
from ..errors import ConfigError, Refused, RunNotFound
from ..nearest import did_you_mean
from .columns import facts_of
from .faults import told
from .finder import Place, matching, place_of
from .queries import Asked, Where, all_of, asked

_ENOUGH = 3
"""Runs to read of those that fit: one is found, and of more some are named."""

KEYS = {
    "local_id": t.LOCAL_ID,
    "call_key": t.CALL_KEY,
    "trial_key_hash": t.TRIAL_KEY_HASH,
    "study_key_hash": t.STUDY_KEY_HASH,
    "run_key_hash": t.RUN_KEY_HASH,
}
STRATEGIES = ("run_id", *KEYS, "tags", "run_name")
"""In this order they are tried."""

_SHORT_TRIAL = re.compile(r"trial-([0-9a-f]{8,63})")


Found: TypeAlias = "tuple[Run | None, str]"
"""The run, and ``found``; or None, and why not."""


class Attempt(NamedTuple):
    """What one strategy came to."""

    strategy: str
    looked_for: Any
    outcome: str
    """``found``, or why not."""


@dataclass(frozen=True)
class RunLookupReport:
    """What was looked for, how, and what was found.

    Attributes:
        run: MLflow's ``Run``; None if no strategy led to exactly one.
        attempts: each strategy that was tried, in order.
        error: why none was found; None if one was.
    """

    run: Run | None = field(repr=False)
    attempts: tuple[Attempt, ...]
    error: str | None = None

    @property
    def found(self) -> bool:
        """Whether exactly one run was found."""
        return self.run is not None

    @property
    def run_id(self) -> str | None:
        """Its MLflow id."""
        return None if self.run is None else str(self.run.info.run_id)

    @property
    def strategy_used(self) -> str | None:
        """The strategy that found it."""
        return self.attempts[-1].strategy if self.found else None

    @property
    def strategies_attempted(self) -> tuple[str, ...]:
        """The names of all that were tried, in order."""
        return tuple(attempt.strategy for attempt in self.attempts)


class _Way(NamedTuple):
    """A strategy that can be tried."""

    strategy: str
    looked_for: Any
    ask: Callable[[Place, Asked], Found]


def find_one(
    uri: str,
    experiment_name: str | Sequence[str],
    marks: Mapping[str, Any],
    *,
    where: Where | None = None,
    strict: bool = True,
    names: Mapping[str, str] = t.NO_NAMES,
    templates: Path | None = None,
) -> RunLookupReport:
    """The one run that the first fitting mark leads to.

    Each mark is tried by itself, in the order of ``STRATEGIES``: one that fits no run, or several, or that the store
    cannot search for, is noted, and the next one is tried.

    Args:
        uri: a normalised tracking URI.
        experiment_name: as in :func:`.finder.search`.
        marks: what is known of the run, by strategy; None is not known.
        where: what has to hold besides.
        strict: whether not to find it is an error.
        names: further names of tags, as in :func:`tracked.tags.reading_order`.
        templates: as in ``ensure_store``.

    Raises:
        RunNotFound: there is no such experiment; or, if ``strict``, none of the marks fits exactly one run.  Its
            ``report`` says what each came to.
        ConfigError: no mark is given, or one that does not exist; or ``where`` is no question.
        BackendUnavailable: the store does not answer.
    """
    for name in marks:
        if name not in STRATEGIES:
            raise ConfigError(f"runs are not found by {name!r}{did_you_mean(name, STRATEGIES)}")
    known = [(name, marks[name]) for name in STRATEGIES if marks.get(name) is not None]
    if not known:
        raise ConfigError(f"nothing is known of the run: give one of {', '.join(STRATEGIES)}")
    ways = [_way(name, mark, names) for name, mark in known]
    return _reported(place_of(uri, experiment_name, templates), ways, asked(where), strict=strict)


def find_trial(
    uri: str,
    experiment_name: str | Sequence[str],
    trial_id: str,
    *,
    strict: bool = True,
    names: Mapping[str, str] = t.NO_NAMES,
    templates: Path | None = None,
) -> RunLookupReport:
    """The run of a trial: by its key or the beginning of it (``trial-1f2e3d4c``), its name, a tag, its MLflow id.

    Raises:
        RunNotFound, ConfigError, BackendUnavailable: as :func:`find_one`.
    """
    keys = t.reading_order(t.TRIAL_KEY_HASH, names)
    short = _SHORT_TRIAL.fullmatch(trial_id)
    questions: dict[str, list[Where]] = {
        "trial_key_hash": [{f"tags.{key}": trial_id} for key in keys],
        "trial_key_hash_prefix": [{f"tags.{key}": ("like", f"{short[1]}%")} for key in keys] if short else [],
        "trial_id": [{"tags.code.trial_id": trial_id}],
        "run_name": [{"attributes.run_name": trial_id}],
    }
    ways = [_Way(name, trial_id, partial(_by, wheres)) for name, wheres in questions.items() if wheres]
    ways.append(_Way("run_id", trial_id, partial(_by_id, trial_id)))
    return _reported(place_of(uri, experiment_name, templates), ways, asked(None), strict=strict)


def _reported(place: Place, ways: Sequence[_Way], also: Asked, *, strict: bool) -> RunLookupReport:
    attempts: list[Attempt] = []
    for way in ways:
        run, outcome = way.ask(place, also)
        attempts.append(Attempt(way.strategy, way.looked_for, outcome))
        if run is not None:
            return RunLookupReport(run, tuple(attempts))
    report = RunLookupReport(None, tuple(attempts), _told(place, attempts))
    if strict:
        raise RunNotFound(report.error or "", report)
    return report


def _told(place: Place, attempts: Sequence[Attempt]) -> str:
    tried = "; ".join(f"{each.strategy} {each.looked_for!r}: {each.outcome}" for each in attempts)
    return (
        f"no one run was found in {place.name}: {tried}. "
        "Where several fit, say more by where=, status= or run_id=; find_mlflow_runs(...) lists them"
    )


def _way(strategy: str, mark: Any, names: Mapping[str, str]) -> _Way:
    if strategy == "run_id":
        return _Way(strategy, mark, partial(_by_id, str(mark)))
    wheres: list[Where]
    if strategy == "tags":
        if not isinstance(mark, Mapping) or not mark:
            raise ConfigError(f"tags are a mapping of names to texts, not {mark!r}")
        wheres = [{f"tags.{key}": value for key, value in mark.items()}]
    elif strategy == "run_name":
        wheres = [{"attributes.run_name": str(mark)}]
    else:
        wheres = [{f"tags.{key}": str(mark)} for key in t.reading_order(KEYS[strategy], names)]
    return _Way(strategy, mark, partial(_by, wheres))


def _by_id(run_id: str, place: Place, also: Asked) -> Found:
    try:
        with told():
            run = place.client.get_run(run_id)
    except Refused:
        return None, "there is no such run"
    if run.info.experiment_id not in place.experiments:
        return None, f"that run is of another experiment, {run.info.experiment_id}"
    if not also.holds(facts_of(run)):
        return None, "of that run the rest does not hold"
    return run, "found"


def _by(wheres: Sequence[Where], place: Place, also: Asked) -> Found:
    """The answer to the first of these questions that any run answers."""
    for where in wheres:
        question = all_of([asked(where), also])
        try:
            runs = _some(place, question)
        except ConfigError as error:
            return None, f"it cannot be searched for: {error}"
        if runs:
            return _only(runs)
    return None, "no run has it"


def _some(place: Place, question: Asked) -> list[Run]:
    ways = question.filters()
    runs = (run for one in ways for run in islice(matching(place, one, question, size=_ENOUGH), _ENOUGH))
    return list({run.info.run_id: run for run in runs}.values())


def _only(runs: Sequence[Run]) -> Found:
    if len(runs) == 1:
        return runs[0], "found"
    ids = ", ".join(run.info.run_id for run in runs)
    return None, f"{len(runs)}{' or more' if len(runs) >= _ENOUGH else ''} runs have it ({ids})"
