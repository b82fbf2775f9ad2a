"""Whatever runs at once: each point in its own run, and each run under its own parent."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scripts import Store, await_, called, parent_of, values
from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured


@tracked_training
async def breathe(who, rounds=3):
    """Logs its own number between awaits."""
    for breath in range(rounds):
        await asyncio.sleep(0)
        track.log(point=100 * who + breath)
    return {"who": who}


@tracked_training
async def group(who):
    """Three at once, inside a run of its own."""
    await asyncio.gather(*(breathe(10 * who + i) for i in range(3)))
    track.log(mine=who)


@tracked_training
def count(start):
    """Steps in turn with others."""
    for number in range(start, start + 3):
        track.log(point=number)
        yield number


def own_points(run, who, rounds=3):
    """Whether all points of the run are those that its function logged, and no others."""
    return [100.0 * who + i for i in range(rounds)] == values(run, "point")


def test_three_interleaved_coroutines():
    """Tasks that take turns write into three runs, all children of the run that gathered them."""

    async def main():
        with track.run("root"):
            return await asyncio.gather(*(breathe(who) for who in (1, 2, 3)))

    with captured() as runs:
        assert [{"who": 1}, {"who": 2}, {"who": 3}] == asyncio.run(main())
        breaths = called(runs.runs, "breathe")
        assert 3 == len(breaths)
        assert all(own_points(run, int(run.params["who"])) for run in breaths)
        assert ["root"] * 3 == [parent_of(runs.runs, run) for run in breaths]


def test_nested_gathers():
    """Groups of coroutines inside coroutines: each child under its own group."""

    async def main():
        await asyncio.gather(*(group(who) for who in (1, 2, 3)))

    with captured() as runs:
        asyncio.run(main())
        groups = {run.run_id: int(run.params["who"]) for run in called(runs.runs, "group")}
        breaths = called(runs.runs, "breathe")
        assert 9 == len(breaths)
        for run in breaths:
            who = int(run.params["who"])
            assert own_points(run, who)
            assert who // 10 == groups[run.tags[t.MLFLOW_PARENT]]
        assert [[1.0], [2.0], [3.0]] == [values(run, "mine") for run in called(runs.runs, "group")]


def test_two_hundred_children():
    """Many tasks under one run, each with its points and the right parent."""

    @tracked_training
    async def root():
        await asyncio.gather(*(breathe(who, 5) for who in range(200)))

    with captured() as runs:
        asyncio.run(root())
        (parent,) = called(runs.runs, "root")
        children = called(runs.runs, "breathe")
        assert 200 == len(children)
        assert {parent.run_id} == {run.tags[t.MLFLOW_PARENT] for run in children}
        assert all(own_points(run, int(run.params["who"]), 5) for run in children)
        assert {} == parent.metrics


def test_tasks_and_to_thread():
    """``create_task`` and ``asyncio.to_thread`` carry the run along by themselves."""

    def lift(x):
        track.log(lifted=x)

    @tracked_training
    def trained(x):
        track.log(x=x)

    async def one(name, x):
        async with track.run(name):
            await asyncio.create_task(asyncio.to_thread(lift, x))
            await asyncio.to_thread(trained, x)

    async def main():
        await asyncio.gather(one("a", 1), one("b", 2))

    with captured() as runs:
        asyncio.run(main())
        assert ([1.0], [2.0]) == (values(runs["a"], "lifted"), values(runs["b"], "lifted"))
        children = sorted(called(runs.runs, "trained"), key=lambda run: run.params["x"])
        assert ["a", "b"] == [parent_of(runs.runs, run) for run in children]
        assert [[1.0], [2.0]] == [values(run, "x") for run in children]


def test_generators_zipped_with_each_other():
    """Two generators in turn, and the caller between them: three runs."""
    with captured() as runs:
        with track.run("caller"):
            for a, b in zip(count(100), count(200), strict=True):
                track.log(sum=a + b)
        first, second = called(runs.runs, "count")
        assert [[100.0, 101.0, 102.0], [200.0, 201.0, 202.0]] == [values(r, "point") for r in (first, second)]
        assert [300.0, 302.0, 304.0] == values(runs["caller"], "sum")
        assert ["caller"] * 2 == [parent_of(runs.runs, run) for run in (first, second)]


def test_a_generator_stepped_by_many_threads():
    """Whoever steps it, it logs into its own run."""
    with captured() as runs:
        made = count(100)
        with ThreadPoolExecutor(3) as pool:
            for _ in range(3):
                pool.submit(next, made).result()
        made.close()
        assert [100.0, 101.0, 102.0] == values(runs["count"], "point")


def test_eight_threads_nest_by_themselves():
    """Each thread has its own tree, whatever the others do at that moment."""
    barrier = threading.Barrier(8)

    @tracked_training
    def inner(x):
        track.log(point=x)

    @tracked_training
    def outer(x):
        barrier.wait(10)
        inner(x)
        barrier.wait(10)
        track.log(mine=x)

    with captured() as runs:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(outer, range(8)))
        outers = {run.run_id: run for run in called(runs.runs, "outer")}
        inners = called(runs.runs, "inner")
    assert (8, 8) == (len(outers), len(inners))
    for run in inners:
        parent = outers[run.tags[t.MLFLOW_PARENT]]
        assert run.params == parent.params
        assert [float(run.params["x"])] == values(run, "point") == values(parent, "mine")


FORKED = """
import os
from tracked import track, tracked_training

@tracked_training
def train(who):
    for i in range(3):
        track.log(point=100 * who + i)

with track.run('root'):
    pids = []
    for who in (1, 2):
        pid = os.fork()
        if pid == 0:
            train(who)
            track.log(from_child=who)
            os._exit(0)
        pids.append(pid)
    train(0)
    for pid in pids:
        os.waitpid(pid, 0)
    track.log(mine=1)
"""

SPAWNED = """
import multiprocessing
from tracked import track, tracked_training

@tracked_training
def train(who):
    for i in range(3):
        track.log(point=100 * who + i)

if __name__ == '__main__':
    context = multiprocessing.get_context('spawn')
    with track.run('root'):
        workers = [context.Process(target=train, args=(who,)) for who in (1, 2)]
        for worker in workers:
            worker.start()
        train(0)
        for worker in workers:
            worker.join()
        track.log(mine=1)
"""


@pytest.mark.parametrize("source", [FORKED, SPAWNED], ids=["forked", "spawned"])
def test_processes(source, tmp_path):
    """A child process has a journal of its own; its runs stand under the run that was open when it began."""
    store = Store(tmp_path)
    store.python(source)
    await_(lambda: 4 == len([run for run in store.runs if run.status == "FINISHED"]), f"{store.runs}")
    trained = called(store.runs, "train")
    assert ["0", "1", "2"] == sorted(run.params["who"] for run in trained)
    assert all(own_points(run, int(run.params["who"])) for run in trained)
    assert ["root"] * 3 == [parent_of(store.runs, run) for run in trained]
    assert 3 == len({run.tags[t.PROCESS] for run in trained})
    assert [1.0] == values(store["root"], "mine")
    if source is FORKED:
        assert [1.0, 2.0] == sorted(values(store["root"], "from_child"))
