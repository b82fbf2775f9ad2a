"""Answering for the end of a run that MLflow's own API began."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import time_ns

from .. import tags as t
from ..records import Closed, Opened
from .building import Session


def adopted(session: Session, run_id: str, experiment: str) -> Callable[[str], None]:
    """See to it that this run, which is in the session's store, ends also if this process dies.

    Args:
        session: where the record of it goes.
        run_id: MLflow's id of it.
        experiment: how a record names its experiment.

    Returns:
        What writes how it ended.
    """
    run = os.urandom(16).hex()
    session.write(Opened(run, _now(), "", experiment, attach=run_id, tags={t.TAKEN_OVER: "1"}))
    session.serve()

    def end(status: str) -> None:
        session.write(Closed(run, _now(), status))
        session.serve()

    return end


def _now() -> int:
    return time_ns() // 1_000_000
