"""A real MLflow store on disk, ready at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import session as sessions
from ..finding import find_mlflow_runs
from ..mlflow.stores import ensure_store
from ..session.crew import Crew

if TYPE_CHECKING:
    from ..session.building import Session


@dataclass(frozen=True)
class Database:
    """A store of MLflow's.

    Attributes:
        uri: its tracking URI, for MLflow's own calls.
    """

    uri: str

    @property
    def runs(self) -> list[Any]:
        """Every run in it, the newest first, as MLflow's objects; what was logged is delivered first."""
        return find_mlflow_runs("*")


@contextmanager
def database(folder: Path, templates: Path) -> Iterator[Database]:
    """Runs of this block go to a new sqlite store in ``folder``, and nowhere else, whatever is set up in it.

    Args:
        folder: where the database and the artifacts lie.
        templates: where a finished database is kept, to be copied by whoever comes next.
    """
    uri = f"sqlite:///{folder.absolute().as_posix()}/mlflow.db"
    ensure_store(uri, templates)
    with sessions.switched_to(uri, _delivering_here):
        yield Database(uri)


def _delivering_here(session: Session) -> Session:
    """The session with a shipper that ends with the block, and not a little later by itself."""
    return replace(session, crew=Crew(session.folder, session.uri, session.home, in_process=True))
