"""Every row of a table is acted once, all of them in one process and one store, and read back by plain MLflow.

An act registers itself where it is written, beside the test that reads what became of it::

    @on_sqlite(0.5)
    @tracked_training
    def half(x): ...

    def test_half(runs):
        assert {"x": "0.5"} == runs["half"].params
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import Any

from matplotlib.figure import Figure
from mlflow import MlflowClient

import tracked
from tests.scripts import await_, called
from tests.stores import all_runs
from tracked.testing import StoredRun

Act = partial[Any]
EXPERIMENT = "rows"

_ON_SQLITE: list[Act] = []
_ON_BOTH: list[Act] = []


def on_sqlite(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """Call the function with these arguments, its runs going to sqlite."""
    return _registering(_ON_SQLITE, args, kwargs)


def on_both(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """Call the function with these arguments twice: its runs go to sqlite, and to a real server."""
    return _registering(_ON_BOTH, args, kwargs)


def _registering(acts: list[Act], args: Any, kwargs: Any) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        acts.append(partial(function, *args, **kwargs))
        return function

    return register


@dataclass
class Runs:
    """What became of the acts."""

    stored: dict[str, StoredRun]
    """Every run, by its id."""
    said: str
    """What was written to stderr."""
    results: dict[str, Any] = field(default_factory=dict)
    """What the acts returned, by the name of the function."""

    def __getitem__(self, name: str) -> StoredRun:
        """The one run of a function of this name."""
        (run,) = self.called(name)
        return run

    def called(self, name: str) -> list[StoredRun]:
        """The runs of a function of this name, in order of their beginning."""
        return sorted(called(list(self.stored.values()), name), key=lambda run: run.start_time)

    def parent(self, run: StoredRun) -> StoredRun | None:
        """The run above."""
        return self.stored.get(run.tags.get("mlflow.parentRunId", ""))


def acted_on_sqlite(uri: str) -> Runs:
    """All acts; the store is the one that the environment names."""
    return _acted([*_ON_BOTH, *_ON_SQLITE], MlflowClient(uri))


def acted_on_a_server(uri: str) -> Runs:
    """The acts of the rows that could differ there."""
    return _acted(_ON_BOTH, MlflowClient(uri))


def _acted(acts: Iterable[Act], client: MlflowClient) -> Runs:
    results: dict[str, Any] = {}
    with redirect_stderr(StringIO()) as said:
        for act in acts:
            results[act.func.__name__] = act()
    assert tracked.sync()
    await_(lambda: _all_ended(client), "a run did not end")
    return Runs(all_runs(client, EXPERIMENT), said.getvalue(), results)


def _all_ended(client: MlflowClient) -> bool:
    """Whether the shipper has closed the run of a process that was ended from outside, too."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    return not client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")


def points(run: StoredRun, key: str) -> list[tuple[int, str]]:
    """Steps and values of a metric; values as texts, because NaN is equal to nothing."""
    return [(p.step, str(p.value)) for p in sorted(run.points, key=lambda p: p.step) if p.key == key]


def results_told(run: StoredRun) -> dict[str, str]:
    """The tags that tell of the result."""
    return {key: value for key, value in run.tags.items() if key.split(".")[0].startswith("result")}


def drawn() -> Figure:
    """A figure of matplotlib."""
    figure = Figure()
    figure.subplots().plot([1, 2])
    return figure
