"""Odd ways in which a call runs, and the tree of runs that it makes."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import joblib

from tests.rows.acts import on_sqlite, points
from tests.scripts import await_
from tracked import sync, track, tracked_training
from tracked import tags as t


@tracked_training
async def coroutine(x: int) -> dict[str, int]:
    """Two at once take turns."""
    for _ in range(2):
        await asyncio.sleep(0)
        track.log(seen=x)
    return {"x": x}


@tracked_training
async def gathering() -> None:
    """Two at once, inside a coroutine of their own."""
    assert [{"x": 1}, {"x": 2}] == await asyncio.gather(coroutine(1), coroutine(2))


@on_sqlite()
def two_at_once() -> None:
    """In a loop of its own."""
    asyncio.run(gathering())


def test_async(runs):
    """A coroutine is awaited inside its run, which stands under the one that awaited it."""
    assert inspect.iscoroutinefunction(coroutine)
    for run in runs.called("coroutine"):
        x = float(run.params["x"])
        assert [(0, str(x)), (1, str(x))] == points(run, "seen")
        assert (runs["gathering"], x) == (runs.parent(run), run.metrics["x"])


@tracked_training
def generator(n: int) -> Iterator[int]:
    """Logs each step."""
    for i in range(n):
        track.log(i=i)
        yield i


@tracked_training
async def async_generator() -> AsyncIterator[int]:
    """The same, of the other kind."""
    track.log(i=0)
    yield 0


@on_sqlite()
def generators() -> None:
    """One that is exhausted, one that is left, one that is never stepped, and one of the other kind."""
    list(generator(3))
    left = generator(9)
    next(left)
    left.close()
    generator(5)

    async def drain() -> list[int]:
        return [i async for i in async_generator()]

    asyncio.run(drain())


def test_generators(runs):
    """The run of a generator lasts from its first step to its end; one that is left is KILLED and says why."""
    ends = {run.params["n"]: (run.status, run.metrics["i"]) for run in runs.called("generator")}
    assert {"3": ("FINISHED", 2.0), "9": ("KILLED", 0.0)} == ends
    (left,) = (run for run in runs.called("generator") if run.status == "KILLED")
    assert "abandoned" in left.tags[t.END_REASON]
    assert ("FINISHED", 0.0) == (runs["async_generator"].status, runs["async_generator"].metrics["i"])


@on_sqlite(2)
@tracked_training
def recursive(n: int) -> dict[str, int]:
    if n:
        recursive(n - 1)
    return {"n": n}


def test_recursion(runs):
    """A tracked call inside of another is its child, also where it is the same function."""
    found = {run.params["n"]: run for run in runs.called("recursive")}
    assert (found["1"], found["2"], None) == tuple(runs.parent(found[n]) for n in ("0", "1", "2"))
    assert [0.0, 1.0, 2.0] == [found[n].metrics["n"] for n in ("0", "1", "2")]


@tracked_training(per_call="aggregate")
def score(x: float, scale: float = 1.0) -> dict[str, float]:
    """One of hundreds of calls."""
    track.log(seen=x)
    return {"y": x * scale}


@on_sqlite(300)
@tracked_training
def scoring(n: int) -> None:
    for i in range(n):
        score(float(i))


def test_calls_by_the_thousand(runs):
    """Calls that are aggregated are one child: the first call's params, a step for each call, and their number."""
    parent, child = runs["scoring"], runs["score"]
    assert parent is runs.parent(child)
    assert ({"x": "0.0", "scale": "1.0"}, "aggregate") == (child.params, child.tags[t.PER_CALL])
    assert [(i, str(float(i))) for i in range(300)] == points(child, "y") == points(child, "seen")
    assert (300.0, 0.0) == (child.metrics[t.N_CALLS], child.metrics[t.N_FAILED_CALLS])
    assert ["FINISHED"] * 2 == [run.status for run in (parent, child)]
    assert child.end_time <= parent.end_time


@tracked_training
def pooled(x: int) -> None:
    """One of the work of a pool."""
    track.log(x=x)


@on_sqlite()
@tracked_training
def pool_of_threads() -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(track.bind(pooled), range(4)))


def test_a_thread_pool(runs):
    """What ``track.bind`` carries into a pool of threads is a child of the run around the bind."""
    found = runs.called("pooled")
    assert ["0", "1", "2", "3"] == sorted(run.params["x"] for run in found)
    assert [runs["pool_of_threads"]] * 4 == [runs.parent(run) for run in found]
    assert all(float(run.params["x"]) == run.metrics["x"] for run in found)


@on_sqlite()
@tracked_training
def pool_of_processes() -> list[int]:
    @tracked_training
    def sent(x: int) -> int:
        track.log(x=x)
        await_(sync, "delivery")  # so that its run is seen to be open, and waited for
        return os.getpid()

    gc.collect()  # an abandoned generator of an earlier row is open until then, and its run beside ours
    return joblib.Parallel(n_jobs=2)(joblib.delayed(sent)(x) for x in range(2))


def test_joblib(runs):
    """What joblib runs in other processes is a child of the run around, each point in its own run."""
    found = runs.called("sent")
    assert [runs["pool_of_processes"]] * 2 == [runs.parent(run) for run in found]
    assert {"0": 0.0, "1": 1.0} == {run.params["x"]: run.metrics["x"] for run in found}
    assert os.getpid() not in runs.results["pool_of_processes"]
    assert {run.tags[t.PROCESS].partition(":")[0] for run in found} == set(
        map(str, runs.results["pool_of_processes"])
    )
