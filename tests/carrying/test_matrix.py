"""Every kind of worker with a decorated and with a plain function: right parents, right data, no orphan."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.scripts import Store, await_, called, values
from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured

WITHOUT_CONTEXT = ("threads", "in_executor", "pool of threads", "ThreadPool", "joblib threading")
"""Python starts these threads with an empty context."""
WITH_CONTEXT = ("tasks", "to_thread", "subprocess")
METHODS = ("fork", "spawn", "forkserver")
PROCESSES = (*(f"{pool} {method}" for pool in ("Pool", "executor") for method in METHODS), "joblib loky")
WAYS = (*WITHOUT_CONTEXT, *WITH_CONTEXT, *PROCESSES)
DECORATED = [f"{way}: {name}" for way in WAYS for name in ("train", "bound train")]
PLAIN = [f"{way}: bound plain" for way in WAYS] + [f"{way}: plain" for way in WITH_CONTEXT]
XS = range(3)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """All runs of the program, by name for those around, and under the id of the run above for the others."""
    folder = tmp_path_factory.mktemp("matrix")
    store = Store(folder)
    environ = {"TRACKED_HOME": str(folder / "home"), "TRACKED_LINGER": "1"}
    source = Path(__file__).with_name("program.py")
    shutil.copy(source, folder / source.name)
    store.python(source.read_text(), **environ)
    expected = len(DECORATED) * (1 + len(XS)) + len(PLAIN)
    await_(lambda: expected <= len([run for run in store.runs if run.status == "FINISHED"]), "delivery")
    return store.runs


def under(runs, above):
    """The runs that stand under this one."""
    return [run for run in runs if run.tags.get(t.MLFLOW_PARENT) == above.run_id]


def expected(x):
    """What is logged for this x."""
    return [float(x), x + 10.0]


@pytest.mark.parametrize("name", DECORATED)
def test_a_decorated_function(stored, name):
    """Each call is a run under the one in which the work was handed out, with its own data and no other."""
    (above,) = called(stored, name)
    children = sorted(under(stored, above), key=lambda run: run.params["x"])
    assert [str(x) for x in XS] == [run.params["x"] for run in children]
    for x, run in zip(XS, children, strict=True):
        assert ("FINISHED", expected(x)) == (run.status, values(run, f"at {x}"))
        assert {f"at {x}", "y"} == set(run.metrics)
    assert {} == above.metrics


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_function(stored, name):
    """What it logs stands in the run in which it was handed out."""
    (above,) = called(stored, name)
    assert [] == under(stored, above)
    assert [expected(x) for x in XS] == [values(above, f"at {x}") for x in XS]


def test_no_orphan(stored):
    """Nothing stands by itself but what was opened there; nothing is left open."""
    assert {"FINISHED"} == {run.status for run in stored}
    assert sorted([*DECORATED, *PLAIN]) == sorted(
        run.name for run in stored if t.MLFLOW_PARENT not in run.tags
    )


def test_a_guess_is_tagged(stored):
    """Where the thread had no context the run says so, and nowhere else."""
    names = {run.run_id: run.name for run in stored}
    guessed = {names[run.tags[t.MLFLOW_PARENT]] for run in stored if t.PARENT_GUESSED in run.tags}
    assert {f"{way}: train" for way in WITHOUT_CONTEXT} == guessed


def test_the_same_work_has_one_key_everywhere(stored):
    """Where a call was made is no part of what it is recognised by."""
    trained = called(stored, "train")
    assert len(XS) * len(DECORATED) == len(trained)
    assert len(XS) == len({run.tags[t.CALL_KEY] for run in trained})


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
