"""Every kind of worker with a decorated and with a plain function: right parents, right data, no orphan.

Once where the store is there all the time, and once where it comes when all workers are gone.
"""

import asyncio
from functools import cache
from typing import NamedTuple

import pytest

from tests.carrying import trees
from tests.carrying.trees import XS, logged, under
from tests.scripts import called, values
from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured


class Ways(NamedTuple):
    """What a module of ``programs`` does: names of the runs in which it hands work out."""

    needs: str
    """The package without which it does nothing."""
    decorated: list[str]
    plain: list[str]

    @property
    def runs(self):
        """How many runs there are in the end."""
        return len(self.decorated) * (1 + len(XS)) + len(self.plain)


WITHOUT_CONTEXT = ("threads", "in_executor", "pool of threads", "ThreadPool", "joblib threading")
"""Python starts these threads with an empty context."""
WITH_CONTEXT = ("tasks", "to_thread", "subprocess")
METHODS = ("fork", "spawn", "forkserver")
PROCESSES = (*(f"{pool} {method}" for pool in ("Pool", "executor") for method in METHODS), "joblib loky")
PYTHON = (*WITHOUT_CONTEXT, *WITH_CONTEXT, *PROCESSES)
CLUSTERS = [f"cluster of {kind}, {way}" for kind in ("processes", "threads") for way in ("map", "delayed")]
DASK = ("threads", "processes", *CLUSTERS)
WAYS = {
    "in_python": Ways(
        "joblib",
        [f"{way}: {name}" for way in PYTHON for name in ("train", "bound train")],
        [f"{way}: bound plain" for way in PYTHON] + [f"{way}: plain" for way in WITH_CONTEXT],
    ),
    "in_dask": Ways(
        "distributed",
        [f"{way}: {name}" for way in DASK for name in ("train", "train again")],
        [f"{way}: bound plain" for way in DASK] + ["threads: plain"],
    ),
    "in_ray": Ways(
        "ray",
        ["task: train", "task: bound train", "argument: train", "argument of an actor: train", "actor: fit"],
        [f"{way}: bound plain" for way in ("task", "argument", "argument of an actor")] + ["actor: log"],
    ),
}
COLUMNS = {"online": trees.online, "offline": trees.offline, "offline_server": trees.offline_server}


def cells(ways=WAYS, kind=None):
    """Each way in each column; with the name of each of its runs of this kind, if one is wanted."""
    return [
        pytest.param(way, column, *name, marks=[pytest.mark.slow] if is_slow(way, column) else [])
        for way in ways
        for column in COLUMNS
        for name in ([(name,) for name in getattr(WAYS[way], kind)] if kind else [()])
    ]


def is_slow(way, column):
    """Whether it takes more than Python, and a store of ours."""
    return way != "in_python" or column == "offline_server"


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Gives the runs of a way in a column; each program is run once."""

    @cache
    def found(way, column):
        ways = WAYS[way]
        pytest.importorskip(ways.needs, reason="`make test-all` installs it")
        place = trees.Place(tmp_path_factory.mktemp(f"{way}-{column}"), way)
        return COLUMNS[column](place, ways.runs)

    return found


@pytest.mark.parametrize(("way", "column", "name"), cells(kind="decorated"))
def test_a_decorated_function(stored, way, column, name):
    """Each call is a run under the one in which the work was handed out, with its own data and no other."""
    runs = stored(way, column)
    (above,) = called(runs, name)
    children = sorted(under(runs, above), key=lambda run: run.params["x"])
    assert [str(x) for x in XS] == [run.params["x"] for run in children]
    for x, run in zip(XS, children, strict=True):
        assert ("FINISHED", logged(x)) == (run.status, values(run, f"at {x}"))
        assert {f"at {x}", "y"} == set(run.metrics)
    assert {} == above.metrics


@pytest.mark.parametrize(("way", "column", "name"), cells(kind="plain"))
def test_a_plain_function(stored, way, column, name):
    """What it logs stands in the run in which it was handed out."""
    runs = stored(way, column)
    (above,) = called(runs, name)
    assert [] == under(runs, above)
    assert [logged(x) for x in XS] == [values(above, f"at {x}") for x in XS]


@pytest.mark.parametrize(("way", "column"), cells())
def test_no_orphan(stored, way, column):
    """Nothing stands by itself but what was opened there; nothing is left open, nothing is there twice."""
    runs, ways = stored(way, column), WAYS[way]
    assert {"FINISHED"} == {run.status for run in runs}
    assert ways.runs == len(runs)
    assert sorted([*ways.decorated, *ways.plain]) == sorted(
        run.name for run in runs if t.MLFLOW_PARENT not in run.tags
    )


@pytest.mark.parametrize(("way", "column"), cells(ways=["in_python"]))
def test_a_guess_is_tagged(stored, way, column):
    """Where the thread had no context the run says so, and nowhere else."""
    runs = stored(way, column)
    names = {run.run_id: run.name for run in runs}
    guessed = {names[run.tags[t.MLFLOW_PARENT]] for run in runs if t.PARENT_GUESSED in run.tags}
    assert {f"{way}: train" for way in WITHOUT_CONTEXT} == guessed


@pytest.mark.parametrize(("way", "column"), cells())
def test_the_same_work_has_one_key_everywhere(stored, way, column):
    """Where a call was made is no part of what it is recognised by."""
    runs = stored(way, column)
    for name in ("train", "fit"):
        same = called(runs, name)
        assert not same or len(XS) == len({run.tags[t.CALL_KEY] for run in same})
    assert len(XS) * len(WAYS[way].decorated) == len([run for run in runs if t.CALL_KEY in run.tags])


@pytest.mark.parametrize(("way", "column"), cells(ways=["in_ray"]))
def test_a_method_of_an_actor_is_the_method(stored, way, column):
    """What Ray adds to a method's signature is no param of the run, and the actor itself is none either."""
    assert [{"x"}] * len(XS) == [set(run.params) for run in called(stored(way, column), "fit")]


@tracked_training
async def breathe(x):
    """One of thousands."""
    await asyncio.sleep(0)
    track.log(x=x)


def test_ten_thousand_tasks():
    """Each has its own run under the one around."""

    async def main():
        with track.run("root"):
            await asyncio.gather(*map(breathe, range(10_000)))

    with captured() as runs:
        asyncio.run(main())
        (root,) = called(runs.runs, "root")
        children = under(runs.runs, root)
    assert [float(x) for x in range(10_000)] == sorted(run.metrics["x"] for run in children)
    assert all(run.params["x"] == f"{run.metrics['x']:.0f}" for run in children)
    assert {"FINISHED"} == {run.status for run in children}
