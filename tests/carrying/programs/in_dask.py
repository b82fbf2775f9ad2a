"""Dask's schedulers in this process, and its clusters."""

from functools import partial

import dask
import distributed

NAMES = ["train", "train again", "bound plain"]
"""Twice the same, since a cluster keeps functions and results."""


def main(work, around):
    """All schedulers with all functions."""
    work.in_runs("threads", partial(delayed, work, scheduler="threads"), [*NAMES, "plain"])
    work.in_runs("processes", partial(delayed, work, scheduler="processes"), NAMES)
    for way, options in (
        ("cluster of processes", {"host": "127.0.0.1"}),
        ("cluster of threads", {"processes": False}),
    ):
        client = distributed.Client(n_workers=1, threads_per_worker=2, dashboard_address=None, **options)
        with client:
            work.in_runs(f"{way}, map", partial(mapped, work, client), NAMES)
            work.in_runs(f"{way}, delayed", partial(delayed, work), NAMES)


def delayed(work, fn, **options):
    """A graph, run by a scheduler of this process, or else by the cluster that is there."""
    dask.compute(*(dask.delayed(fn)(x) for x in work.XS), **options)


def mapped(work, client, fn):
    """Tasks for a cluster."""
    client.gather(client.map(fn, work.XS))
