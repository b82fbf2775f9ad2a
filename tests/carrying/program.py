"""Every kind of worker, with a function that is decorated and one that is plain."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing.pool import ThreadPool

import joblib

from tracked import track, tracked_training

XS = range(3)


@tracked_training
def train(x):
    """Decorated."""
    plain(x)
    return {"y": x}


def plain(x):
    """Logs into whatever run is around."""
    for value in (x, x + 10):
        track.log({f"at {x}": value})


def threads(fn):
    """One for each call."""
    started = [threading.Thread(target=fn, args=(x,)) for x in XS]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


async def tasks(fn):
    """Take turns."""

    async def one(x):
        await asyncio.sleep(0)
        fn(x)

    await asyncio.gather(*map(one, XS))


async def to_thread(fn):
    """Python carries the context."""
    await asyncio.gather(*(asyncio.to_thread(fn, x) for x in XS))


async def in_executor(fn):
    """Python does not."""
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(None, fn, x) for x in XS))


def child(fn):
    """Programs that are told by their environment."""
    environ = dict(os.environ)
    track.inject(environ)
    name = getattr(fn, "__name__", "")
    subprocess.run([sys.executable, __file__, name, *map(str, XS)], env=environ, check=True)


def ways(stack):
    """How a function is called for each x, by name.  The pools are older than any run."""
    found = {
        "threads": threads,
        "tasks": lambda fn: asyncio.run(tasks(fn)),
        "to_thread": lambda fn: asyncio.run(to_thread(fn)),
        "in_executor": lambda fn: asyncio.run(in_executor(fn)),
        "pool of threads": lambda fn: list(ThreadPoolExecutor(2).map(fn, XS)),
        "ThreadPool": lambda fn: stack.enter_context(ThreadPool(2)).map(fn, XS),
        "joblib threading": lambda fn: joblib.Parallel(2, backend="threading")(map(joblib.delayed(fn), XS)),
        "joblib loky": lambda fn: joblib.Parallel(2, backend="loky")(map(joblib.delayed(fn), XS)),
        "subprocess": child,
    }
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        pool = context.Pool(1 if method == "spawn" else 2)
        stack.callback(pool.join)
        stack.callback(pool.close)
        executor = stack.enter_context(ProcessPoolExecutor(2 if method == "spawn" else 1, context))
        found[f"Pool {method}"] = lambda fn, pool=pool: pool.map(fn, XS, chunksize=1)
        found[f"executor {method}"] = lambda fn, pool=executor: list(pool.map(fn, XS))
    return found


def main():
    """All ways with all functions, each inside a run of its own."""
    with ExitStack() as stack:
        for way, call in ways(stack).items():
            given = {"train": lambda: train, "bound train": lambda: track.bind(train)}
            given["bound plain"] = lambda: track.bind(plain)
            if way in ("tasks", "to_thread", "subprocess"):
                given["plain"] = lambda: plain
            for name, fn in given.items():
                with track.run(f"{way}: {name}"):
                    call(fn())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for number in map(int, sys.argv[2:]):
            globals()[sys.argv[1]](number)
    else:
        main()
