"""A store in memory that fails where it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from .capturing import captured_by
from .faults import Faults

if TYPE_CHECKING:
    from ..session.building import Session


@contextmanager
def failing() -> Iterator[Faults]:
    """Runs of this block go to a store in memory, as in ``captured``, which fails where it is told to.

    with failing() as faults:
        faults.server_down(at_step=3)
        train(lr=0.1)                       # ends as ever, and nothing is lost
        faults.server_up()
        assert faults.runs["train"].metrics["acc"] > 0.9
    """
    from .unreliable import Disk, Unreliable  # noqa: PLC0415 - keeps `import tracked` quick

    faults = Faults()

    def on_that_disk(session: Session) -> Session:
        return replace(session, journal=Disk(session.folder, session.settings.journal_max_bytes, faults))

    with captured_by(Unreliable(faults), on_that_disk) as faults.runs:
        try:
            yield faults
        finally:
            faults.server_up()
            faults.disk_free()
