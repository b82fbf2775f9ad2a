"""The threads, tasks and processes of Python itself, and joblib's."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing.pool import ThreadPool

import joblib

from tracked import track


def main(work, around):
    """All ways with all functions."""
    for way, hand_out in ways(work, around).items():
        names = ["train", "bound train", "bound plain"]
        knows_plain = way in ("tasks", "to_thread", "subprocess")
        work.in_runs(way, hand_out, [*names, "plain"] if knows_plain else names)


def ways(work, around):
    """How a function is called for each x, by name.  The pools are older than any run."""
    xs = work.XS
    found = {
        "threads": partial(threads, xs),
        "tasks": lambda fn: asyncio.run(tasks(xs, fn)),
        "to_thread": lambda fn: asyncio.run(to_thread(xs, fn)),
        "in_executor": lambda fn: asyncio.run(in_executor(xs, fn)),
        "pool of threads": lambda fn: list(ThreadPoolExecutor(2).map(fn, xs)),
        "ThreadPool": lambda fn: around.enter_context(ThreadPool(2)).map(fn, xs),
        "joblib threading": lambda fn: joblib.Parallel(2, backend="threading")(map(joblib.delayed(fn), xs)),
        "joblib loky": lambda fn: joblib.Parallel(2, backend="loky")(map(joblib.delayed(fn), xs)),
        "subprocess": partial(child, work),
    }
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        pool = context.Pool(1 if method == "spawn" else 2)
        around.callback(pool.join)
        around.callback(pool.close)
        executor = around.enter_context(ProcessPoolExecutor(2 if method == "spawn" else 1, context))
        found[f"Pool {method}"] = lambda fn, pool=pool: pool.map(fn, xs, chunksize=1)
        found[f"executor {method}"] = lambda fn, pool=executor: list(pool.map(fn, xs))
    return found


def threads(xs, fn):
    """One for each call."""
    started = [threading.Thread(target=fn, args=(x,)) for x in xs]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


async def tasks(xs, fn):
    """Take turns."""

    async def one(x):
        await asyncio.sleep(0)
        fn(x)

    await asyncio.gather(*map(one, xs))


async def to_thread(xs, fn):
    """Python carries the context."""
    await asyncio.gather(*(asyncio.to_thread(fn, x) for x in xs))


async def in_executor(xs, fn):
    """Python does not."""
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(None, fn, x) for x in xs))


def child(work, fn):
    """A program that is told by its environment."""
    environ = dict(os.environ)
    track.inject(environ)
    name = next(name for name, given in work.GIVEN.items() if getattr(fn, "__name__", "") == given().__name__)
    subprocess.run([sys.executable, work.__file__, "call", name, *map(str, work.XS)], env=environ, check=True)
