"""Whether a store can be asked, found out before MLflow's own client would wait for it for minutes."""

from __future__ import annotations

import time

from .errors import BackendUnavailable
from .session.building import Session
from .shipper import status


def may_know(session: Session) -> bool:
    """Whether there is a store to be asked: a database that is not there yet knows nothing."""
    from .mlflow.setup import database_of  # noqa: PLC0415 - who asks pays

    database = database_of(session.uri)
    return database is None or database.exists()


def check_reach(session: Session) -> None:
    """See that the store may answer, in a second or two: MLflow's own client would wait for minutes.

    Raises:
        BackendUnavailable: it does not.
    """
    told = session.status()
    is_news = time.time() - told.time < status.FRESH
    if is_news and told.phase in (status.WAITING, status.REFUSED):
        raise BackendUnavailable(told.error or "it does not answer")
    if session.is_mlflow:
        from .mlflow.durable.reach import answers  # noqa: PLC0415 - as above

        if not answers(session.uri):
            raise BackendUnavailable("it does not answer")
