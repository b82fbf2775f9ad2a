"""Runs in a notebook: cards instead of lines, and cells that leave nothing open.

In a Jupyter kernel the cards come with ``import tracked``.  ``%load_ext tracked`` adds the magics:

    %tracked            the card of the last run
    %tracked runs       the runs of the experiment
    %tracked off        record nothing, until %tracked on
    %%tracked training fit     a cell that is a run
"""

from __future__ import annotations

from typing import Any

from ..kernels import shell_here

_STARTED: list[Any] = []
"""What was begun in this process: at most one."""


def start(shell: Any = None) -> None:
    """Watch the cells of this shell, and show its runs as cards if it is that of a kernel; once a process."""
    shell = shell or shell_here()
    if shell is not None and not _STARTED:
        from .watching import Watching  # noqa: PLC0415 - a program without a notebook does not pay

        _STARTED.append(Watching(shell))


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext tracked`` does: ``%tracked`` and ``%%tracked``, and what a kernel has anyway."""
    from . import magics  # noqa: PLC0415 - as above

    start(shell)
    magics.register(shell, _STARTED[0].live)


def unload_ipython_extension(shell: Any) -> None:
    """What ``%unload_ext tracked`` does: lines again, and no magics."""
    from . import magics  # noqa: PLC0415 - as above

    magics.unregister(shell)
    while _STARTED:
        _STARTED.pop().stop()
