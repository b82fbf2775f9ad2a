"""Which process of a distributed job this one is.  Only looks: torch is not imported, nothing is waited for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple


class Place(NamedTuple):
    """Number of a process in its job, and how many there are."""

    rank: int
    size: int


_TOLD_BY = (
    ("RANK", "WORLD_SIZE"),  # torchrun, accelerate, DeepSpeed
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"),  # srun; the last is of the whole allocation
)
"""Variables for rank and number of processes, the innermost launcher first: in ``srun torchrun`` that is torchrun."""


def own_rank() -> int | None:
    """Number of this process among those of its job, from 0 on; None for a job of one process.

    Its variables are read once: launchers set them before a process begins, and each call asks.
    """
    return _number(_found_by_torch() or _told_to(os.getpid()))


def rank(environ: Mapping[str, str]) -> int | None:
    """The number of a process with these variables.

    A member of a job array, or of several steps of one task each, is a job of its own.  What a process starts
    has its variables, and so its rank.
    """
    return _number(_found_by_torch() or next(told(environ), None))


def forget() -> None:
    """Read the variables again; for tests."""
    _told_to.cache_clear()


def _number(place: Place | None) -> int | None:
    return place.rank if place is not None and place.size > 1 else None


def _found_by_torch() -> Place | None:
    # Processes that torch itself has started have no variables, and are told apart once they have found each other.
    torch = sys.modules.get("torch.distributed")
    is_initialized = getattr(torch, "is_initialized", None)
    if torch is None or is_initialized is None or not is_initialized():
        return None
    return Place(torch.get_rank(), torch.get_world_size())


@lru_cache(maxsize=1)
def _told_to(_pid: int) -> Place | None:
    # A forked process may be told its own rank.
    return next(told(os.environ), None)


def told(environ: Mapping[str, str]) -> Iterator[Place]:
    """The places that launchers tell in these variables, the innermost first."""
    for rank, *sizes in _TOLD_BY:
        if (told := environ.get(rank, "")).isdecimal():
            size = next((environ[name] for name in sizes if environ.get(name, "").isdecimal()), None)
            if size is not None:
                yield Place(int(told), int(size))
