"""The report of any run, read from the store: what this process wrote is delivered first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from . import tags as t
from .drawing import Html
from .errors import Refused
from .finding import delivered, get_mlflow_run_url
from .kinds.attempt import STAGE as TRIAL_STAGE
from .kinds.histogram import histogram
from .kinds.timing import Samples
from .ports import OURS
from .provenance.edges import sources_of
from .reports import Course, Node, Report, Search, Tried
from .reports.searching import followed
from .reports.telling import CURVES

if TYPE_CHECKING:
    from .mlflow.columns import Facts
    from .session.building import Session

_RESULTS = "benchmark_results.json"
_LARGEST = 1 << 24
"""Bytes of benchmark results that are read, at most."""
_FACTS = {"attempt": t.ATTEMPT, "objective": t.OBJECTIVE, "direction": t.DIRECTION, "python": t.PYTHON}


def report_of(run_id: str) -> Report:
    """What a report tells of this MLflow run, with the trials of a sweep and the runs that it has to do with.

    Raises:
        RunNotFound: there is no such run.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.columns import facts_of  # noqa: PLC0415 - loads MLflow: only who asks pays
    from .mlflow.lineage import lineage  # noqa: PLC0415

    session = delivered()
    found = lineage(session.uri, run_id, templates=session.templates)
    run, below = facts_of(found.run), [facts_of(one) for one in found.products]
    files = _Files(session, run_id)
    return _report(
        run,
        place=session.shown_uri,
        files=files.names,
        curves=_curves(session, run),
        search=_search(session, run, below),
        pictures=tuple(_latencies(files.read(_RESULTS))),
        nodes=[_node(one) for one in (*map(facts_of, found.sources), run, *below)],
    )


def _report(run: Facts, **found: Any) -> Report:
    told, tags = run.attributes, run.tags
    began, ended = told["start_time"], told["end_time"]
    why = ": ".join(filter(None, map(tags.get, (t.END_REASON, t.ERROR_TYPE, t.ERROR_MESSAGE))))
    return Report(
        str(told["run_name"] or tags.get(t.MLFLOW_NAME, "")),
        t.read(tags, t.STAGE) or "",
        str(told["status"]),
        (ended - began) / 1000 if began and ended else None,
        datetime.fromtimestamp(began / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") if began else "",
        url=get_mlflow_run_url(str(told["experiment_id"]), told["run_id"]),
        function=tags.get(t.FUNCTION, ""),
        why=why,
        facts={name: tags[tag] for name, tag in _FACTS.items() if tag in tags},
        metrics={key: value for key in sorted(run.metrics) if (value := run.metric(key)) is not None},
        params=dict(sorted(run.params.items())),
        run=told["run_id"],
        **found,
    )


def _node(run: Facts) -> Node:
    told = run.attributes
    sources = dict(sources_of(run.tags))
    return Node(
        told["run_id"], str(told["run_name"]), t.read(run.tags, t.STAGE) or "", told["status"], sources
    )


class _Files:
    """The artifacts of a run, as far as the store can be asked for them."""

    def __init__(self, session: Session, run_id: str) -> None:
        from .mlflow.artifacts.repository import Repository  # noqa: PLC0415 - as above
        from .mlflow.client import client_for  # noqa: PLC0415

        self.repository: Repository | None = None
        self.sizes: dict[str, int | None] = {}
        with suppress(Refused):
            self.repository = Repository(client_for(session.uri, session.templates), run_id)
            self.sizes = self.repository.sizes("")

    @property
    def names(self) -> list[str]:
        """Files and folders at the top, without what is ours."""
        return [f"{name}/" if size == -1 else name for name, size in self.sizes.items() if name != OURS]

    def read(self, name: str) -> bytes:
        """What a file holds; empty if it is not there, or far too large."""
        if self.repository is None or not 0 < (self.sizes.get(name) or 0) <= _LARGEST:
            return b""
        with suppress(Refused):
            return self.repository.read(name)
        return b""


def _curves(session: Session, run: Facts) -> dict[str, Course]:
    keys = sorted(run.metrics, key=lambda key: (key.startswith("system/"), key))[:CURVES]
    return {key: _course(session, run, key) for key in keys}


def _course(session: Session, run: Facts, metric: str) -> Course:
    from .mlflow.histories import points  # noqa: PLC0415 - as above

    found = points(session.uri, run.attributes["run_id"], metric, session.templates)
    return [
        (p.step, p.value) for p in sorted(found, key=lambda p: (p.step, p.timestamp)) if isfinite(p.value)
    ]


def _search(session: Session, run: Facts, below: Sequence[Facts]) -> Search | None:
    """What a sweep has tried, by the runs of its trials."""
    names, ways = ([*filter(None, run.tags.get(tag, "").split(", "))] for tag in (t.OBJECTIVE, t.DIRECTION))
    trials = _numbered([one for one in _inside(run, below) if t.read(one.tags, t.STAGE) == TRIAL_STAGE])
    if not names or not trials:
        return None
    best = run.tags.get(t.BEST_TRIAL_NUMBER, "")
    front = [int(number) for number in run.tags.get(t.PARETO, "").split(", ") if number.isdecimal()]
    tried = [_tried(number, trials[number], names) for number in sorted(trials)]
    found = Search(names, ways, tried, int(best) if best.isdecimal() else None, front)
    courses = {
        trial.number: _course_of_trial(session, trials[trial.number], below, names[0])
        for trial in followed(found, found.trials)
    }
    return replace(found, trials=[replace(one, course=courses.get(one.number, ())) for one in tried])


def _inside(run: Facts, below: Sequence[Facts]) -> list[Facts]:
    return [one for one in below if one.tags.get(t.MLFLOW_PARENT) == run.attributes["run_id"]]


def _numbered(trials: Sequence[Facts]) -> dict[int, Facts]:
    """Trials by their numbers; by their order, where not all of them tell one."""
    numbers = [t.read(one.tags, t.TRIAL_NUMBER) or "" for one in trials]
    if all(map(str.isdecimal, numbers)):
        return {int(number): one for number, one in zip(numbers, trials, strict=True)}
    return dict(enumerate(trials))


def _tried(number: int, run: Facts, names: Sequence[str]) -> Tried:
    values = list(_values(run, names))
    is_feasible = all(value <= 0 for key, value in run.metrics.items() if key.startswith("constraint/"))
    state = t.read(run.tags, t.TRIAL_STATE) or (
        "complete" if run.attributes["status"] == "FINISHED" else "failed"
    )
    params = {key: _value(text) for key, text in run.params.items()}
    return Tried(number, state, values, params, is_feasible=is_feasible)


def _values(run: Facts, names: Sequence[str]) -> Iterator[float]:
    """The objectives, up to the first that is missing: what comes behind it must not be taken for it."""
    for name in names:
        if (value := run.metric(name)) is None:
            return
        yield value


def _value(text: str) -> Any:
    """A param as the number that it was, if it was one."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _course_of_trial(session: Session, trial: Facts, below: Sequence[Facts], objective: str) -> Course:
    """How the objective went in the trial, or in a run inside it, whichever tells more."""
    runs = (trial, *_inside(trial, below)[:1])
    courses = [_course(session, one, objective) for one in runs if objective in one.metrics]
    return max(courses, key=len, default=())


def _latencies(results: bytes) -> Iterator[Html]:
    """A picture of each of the timings that a benchmark has kept."""
    told: Any = None
    with suppress(ValueError):
        told = json.loads(results)
    for name, one in told.items() if isinstance(told, dict) else ():
        samples = Samples()
        for ms in _numbers(one):
            samples.add(ms)
        if samples.ms:
            yield Html(
                histogram(
                    samples.ms, samples.summary(), str(name).replace("_", " ").replace("batch", "batch size")
                )
            )


def _numbers(one: Any) -> list[float]:
    given = one.get("samples_ms") if isinstance(one, Mapping) else None
    return [float(ms) for ms in given if type(ms) in (int, float)] if isinstance(given, list) else []
