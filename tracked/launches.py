"""Which launch of a distributed job this process is part of, as a text that all its ranks find by themselves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from .ranks import told


class Launcher(NamedTuple):
    """The process that has started this one."""

    process: str
    """Its pid and start."""
    is_rank: bool
    """Whether it is a rank of the job itself."""


_NAMES_ONE = ("TRACKED_JOB", "SLURM_JOB_ID", "PMIX_NAMESPACE")
"""Variables of which each launch has a value of its own; SLURM's with the step."""
_TELLS = (
    *_NAMES_ONE,
    *("SLURM_STEP_ID", "SLURM_RESTART_COUNT"),
    *("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT"),
)
_SIZES = (("LOCAL_WORLD_SIZE", "WORLD_SIZE"), ("OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_SIZE"))


def own_launch() -> str | None:
    """What all ranks of this launch share, and no other launch has; None where nothing tells.

    None too in a process that a rank has started: it has the rank's variables, but makes calls of its own.
    """
    return _own(os.getpid())


def launch(environ: Mapping[str, str], launcher: Launcher) -> str | None:
    """The same for a process with these variables, started by this process."""
    if launcher.is_rank:
        return None
    known = [f"{name}={environ[name]}" for name in _TELLS if environ.get(name)]
    named = any(environ.get(name) for name in _NAMES_ONE)
    if named or environ.get("TORCHELASTIC_RUN_ID", "none") != "none":
        return " ".join(known)
    return " ".join([*known, launcher.process]) if _is_on_one_node(environ) else None


def _is_on_one_node(environ: Mapping[str, str]) -> bool:
    """Whether all ranks have the launcher for their parent, so that it is something they share."""
    there = [(environ[local], environ.get(everywhere)) for local, everywhere in _SIZES if local in environ]
    if there:
        return all(local == everywhere for local, everywhere in there)
    # Without a launcher, torch.multiprocessing.spawn has started them, and that works on one node only.
    return next(told(environ), None) is None


def forget() -> None:
    """Look again; for tests."""
    _own.cache_clear()


@lru_cache(maxsize=1)
def _own(_pid: int) -> str | None:
    return launch(os.environ, _own_launcher())


def _own_launcher() -> Launcher:
    import psutil  # noqa: PLC0415 - few are part of a job, and it costs a tenth of our whole import

    parent = psutil.Process(os.getppid())
    started = f"{parent.pid}:{parent.create_time():.2f}"
    try:
        above = parent.environ()
    except psutil.Error:
        return Launcher(started, is_rank=False)  # it belongs to somebody else: SLURM's is root's
    return Launcher(started, is_rank=next(told(above), None) is not None)
