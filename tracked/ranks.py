"""Which process of a distributed job this one is.  Only looks: torch is not imported, nothing is waited for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class _Place(NamedTuple):
    rank: int
    size: int


_TOLD_BY = (
    ("RANK", "WORLD_SIZE"),  # torchrun, accelerate, DeepSpeed
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"),  # srun; the last is of the whole allocation
)
"""Variables for rank and number of processes, the innermost launcher first: in ``srun torchrun`` that is torchrun."""


def rank(environ: Mapping[str, str]) -> int | None:
    """Number of this process among those of its job, from 0 on; None for a job of one process.

    A member of a job array, or of several steps of one task each, is a job of its own.  What a process starts
    has its variables, and so its rank.
    """
    place = next(_places(environ), None)
    return place.rank if place is not None and place.size > 1 else None


def _places(environ: Mapping[str, str]) -> Iterator[_Place]:
    # Processes that torch itself has started have no variables, and are told apart once they have found each other.
    torch = sys.modules.get("torch.distributed")
    is_initialized = getattr(torch, "is_initialized", None)
    if torch is not None and is_initialized is not None and is_initialized():
        yield _Place(torch.get_rank(), torch.get_world_size())
    for rank, *sizes in _TOLD_BY:
        # Most often there is none: looking up a variable costs a microsecond, and each call looks.
        if (told := environ.get(rank, "")).isdecimal():
            size = next((environ[name] for name in sizes if environ.get(name, "").isdecimal()), None)
            if size is not None:
                yield _Place(int(told), int(size))
