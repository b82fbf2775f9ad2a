"""Dask's schedulers, with a function that is decorated and one that is plain; each in a run of its own."""

from functools import partial

import dask
import distributed

from tracked import track, tracked_training

XS = range(2)


@tracked_training
def train(x):
    """Decorated."""
    plain(x)
    return {"y": x}


def plain(x):
    """Logs into whatever run is around."""
    track.log({f"at {x}": x})


def local(scheduler, fn):
    """A graph, run by a scheduler of this process."""
    dask.compute(*(dask.delayed(fn)(x) for x in XS), scheduler=scheduler)


def mapped(client, fn):
    """Tasks for a cluster."""
    client.gather(client.map(fn, XS))


def delayed(client, fn):
    """A graph for a cluster."""
    dask.compute(*(dask.delayed(fn)(x) for x in XS))


def in_runs(way, call, *, knows_plain=False):
    """Each function in a run of its own; twice, since a cluster keeps functions and results."""
    given = {"train": lambda: train, "train again": lambda: train, "bound plain": lambda: track.bind(plain)}
    if knows_plain:
        given["plain"] = lambda: plain
    for name, fn in given.items():
        with track.run(f"{way}: {name}"):
            call(fn())


def main():
    """All schedulers."""
    in_runs("threads", partial(local, "threads"), knows_plain=True)
    in_runs("processes", partial(local, "processes"))
    for way, options in (
        ("cluster of processes", {"host": "127.0.0.1"}),
        ("cluster of threads", {"processes": False}),
    ):
        with distributed.Client(
            n_workers=1, threads_per_worker=2, dashboard_address=None, **options
        ) as client:
            in_runs(f"{way}, map", partial(mapped, client))
            in_runs(f"{way}, delayed", partial(delayed, client))


if __name__ == "__main__":
    main()
