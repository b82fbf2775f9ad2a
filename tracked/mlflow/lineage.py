"""From a run to the runs above and below it, and to those it came from and led to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import Run

from .. import tags as t
from ..errors import Refused
from ..provenance.edges import runs_named
from . import narrow
from .faults import told
from .finder import EVERYWHERE, Place, get_run, matching, place_of
from .queries import asked

SOURCES = (t.SOURCE_RUN, t.PARENT_TRAINING_RUN, t.HPO_REFIT_RUN, t.HPO_TRIAL_RUN, t.HPO_SWEEP_RUN)
"""Tags that name a run that this one was made from."""

_PARENT = (t.MLFLOW_PARENT,)
_ANY_LINK = (*_PARENT, *(key for tag in SOURCES for key in t.reading_order(tag)), t.INPUT_RUNS)

_AT_ONCE = 20
"""Runs whose children one question asks for; more would be asked more widely."""

_BY_START = ("attributes.start_time ASC",)


@dataclass(frozen=True)
class Lineage:
    """Where a run came from and what came of it, such as sweep, trial, training, conversion, benchmark.

    Attributes:
        run: the run in question.
        sources: the runs above it and those it was made from, and theirs, the earliest first.
        products: the runs below it and those made from it, and theirs, the earliest first.
    """

    run: Run
    sources: tuple[Run, ...]
    products: tuple[Run, ...]

    def of_stage(self, stage: str) -> list[Run]:
        """Those of one stage, such as ``benchmark``, the earliest first."""
        runs = (*self.sources, self.run, *self.products)
        return [run for run in runs if t.read(run.data.tags, t.STAGE) == stage]


def children(uri: str, run_id: str, *, recursive: bool = False, templates: Path | None = None) -> list[Run]:
    """The runs directly below a run, or all below it, in any experiment, the earliest first.

    Raises:
        RunNotFound: the store has no such run.
        BackendUnavailable: the store does not answer.
    """
    run = get_run(uri, run_id, templates)
    place = place_of(uri, EVERYWHERE, templates)
    if not recursive:
        return _sorted(_below(place, [run], _PARENT))
    return sorted(_closure(run, lambda runs: _below(place, runs, _PARENT)), key=_start)


def ancestors(uri: str, run_id: str, *, templates: Path | None = None) -> list[Run]:
    """The runs above a run, the outermost first; one that was deleted for good ends the chain.

    Raises:
        RunNotFound, BackendUnavailable: as :func:`children`.
    """
    run = get_run(uri, run_id, templates)
    place = place_of(uri, [], templates)
    chain = {run.info.run_id: run}
    while above := [each for each in _above(place, [run], _PARENT) if each.info.run_id not in chain]:
        run = above[0]
        chain[run.info.run_id] = run
    return list(chain.values())[:0:-1]


def lineage(uri: str, run_id: str, *, templates: Path | None = None) -> Lineage:
    """All that a run came from and all that came of it.

    Raises:
        RunNotFound, BackendUnavailable: as :func:`children`.
    """
    run = get_run(uri, run_id, templates)
    place = place_of(uri, EVERYWHERE, templates)
    sources = _closure(run, lambda runs: _above(place, runs, _ANY_LINK))
    products = _closure(run, lambda runs: _below(place, runs, _ANY_LINK))
    # Of what began in the same millisecond, the run that led to the other stands first.
    sources.reverse()
    return Lineage(run, tuple(sorted(sources, key=_start)), tuple(sorted(products, key=_start)))


def _closure(run: Run, step: Callable[[list[Run]], Iterable[Run]]) -> list[Run]:
    """All that steps from one run lead to, the nearest first; a circle ends where it began."""
    known = {run.info.run_id: run}
    new = [run]
    while new:
        new = _sorted(each for each in step(new) if each.info.run_id not in known)
        known |= {each.info.run_id: each for each in new}
    return list(known.values())[1:]


def _sorted(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: (_start(run), run.info.run_id))


def _start(run: Run) -> int:
    return run.info.start_time or 0


def _above(place: Place, runs: Sequence[Run], keys: Sequence[str]) -> list[Run]:
    ids = dict.fromkeys(named for run in runs for key in keys for named in _named(run.data.tags, key))
    return list(_there(place, ids))


def _named(tags: Mapping[str, str], key: str) -> list[str]:
    """The runs that this tag names."""
    value = tags.get(key, "")
    return runs_named(value) if key == t.INPUT_RUNS else [value] if value else []


def _there(place: Place, ids: Iterable[str]) -> Iterator[Run]:
    for run_id in ids:
        try:
            with told():
                run = place.client.get_run(run_id)
        except Refused:
            continue
        yield run


def _below(place: Place, runs: Sequence[Run], keys: Sequence[str]) -> list[Run]:
    ids = [run.info.run_id for run in runs]
    linked = narrow.linked(place, keys, ids)
    found = _searched(place, ids, keys) if linked is None else _there(place, linked)
    return list({run.info.run_id: run for run in found}.values())


def _searched(place: Place, ids: Sequence[str], keys: Sequence[str]) -> Iterator[Run]:
    for key in keys:
        for i in range(0, len(ids), _AT_ONCE):
            some = ids[i : i + _AT_ONCE]
            question = asked(
                {f"tags.{key}": [_within(run) for run in some] if key == t.INPUT_RUNS else list(some)}
            )
            for one in question.filters():
                yield from matching(place, one, question, _BY_START)


def _within(run_id: str) -> tuple[str, str]:
    """The condition that a tag names this run beside others."""
    return ("like", f'%"{run_id}"%')
