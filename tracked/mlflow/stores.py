"""The embedded sqlite store: quick at the first use, safe for several processes at once.

MLflow builds a fresh database by running all its migrations, which takes seconds and fails where two
processes do it together.  So it is built once for each version of MLflow, kept as a template, and copied.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BackendUnavailable, ConfigError
from ..redact import redact_url
from .indexes import has_index, has_statistics, is_quick, quicken

if TYPE_CHECKING:
    import sqlite3

_PREFIX = "sqlite:///"
_MAKE = 1
"""Counts our own changes to the template."""

_PATIENCE = 120.0
"""Seconds to wait for another process that makes the same template or database."""

_MOMENT = 0.2
"""Seconds to wait for a database that somebody writes to, where it can also be done next time."""


_PREPARED: dict[str, Callable[[str], object]] = {}
"""What is to be done before a client of such a scheme is made, where MLflow does not do it."""


def prepare_by(scheme: str, prepare: Callable[[str], object]) -> None:
    """Let this be done with the URI before anything is asked of a store of this scheme; it may raise."""
    _PREPARED[scheme] = prepare


def database_of(uri: str) -> Path | None:
    """The file behind a normalised sqlite URI; None for any other store."""
    if not uri.startswith(_PREFIX):
        return None
    return Path(uri.removeprefix(_PREFIX).partition("?")[0])


def identity_of(uri: str) -> tuple[int, int] | None:
    """Which file the database of a sqlite URI is now; None for any other store, or where there is none yet."""
    database = database_of(uri)
    if database is None or not database.exists():
        return None
    status = database.stat()
    return status.st_dev, status.st_ino


def artifact_root(uri: str) -> str | None:
    """Where the artifacts of an embedded store lie: beside the database, whatever the working folder."""
    database = database_of(uri)
    return None if database is None else (database.parent.absolute() / "mlartifacts").as_uri()


def ensure_store(uri: str, templates: Path | None = None) -> None:
    """Make the store usable: lay down a fresh sqlite database, allow a file store that holds old runs.

    Any other store is left alone, and so is an existing database, byte for byte; only one of ours gets back the
    statistics that a migration of MLflow lost.

    Args:
        uri: a normalised URI.
        templates: folder in which finished databases are kept; without it MLflow builds each one itself.

    Raises:
        OSError: the folder cannot be written.
    """
    if uri.startswith("file:"):
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    if prepare := _PREPARED.get(uri.partition(":")[0]):
        prepare(uri)
    database = database_of(uri)
    if database is None or templates is None:
        return
    if _has_content(database):
        _keep_quick(database)
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with _alone(database):
        if not _has_content(database):
            _lay_down(_template(templates), database, uri)


def improve(uri: str) -> bool:
    """Make an existing local database as quick to search as those that we make: one index, and statistics.

    No run is touched, and MLflow and its migrations go on with it as before.

    Args:
        uri: a normalised sqlite URI.

    Returns:
        Whether anything was left to do.

    Raises:
        ConfigError: it is no database of MLflow on this machine.
        BackendUnavailable: somebody else writes to it all the time.
    """
    import sqlite3  # noqa: PLC0415 - as below

    database = database_of(uri)
    if database is None:
        raise ConfigError(f"only a local sqlite database can be improved, and {redact_url(uri)!r} is none")
    if not _has_content(database):
        raise ConfigError(f"there is no database {database}")
    try:
        with _connected(database, 30) as connection:
            if is_quick(connection):
                return False
            quicken(connection)
            return True
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackendUnavailable(f"{database} is in use: {error}; try again later") from error
        raise ConfigError(f"{database} is no database of MLflow, or cannot be written: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{database} is no database of MLflow: {error}") from error


def _keep_quick(database: Path) -> None:
    """Give a database that has our index its statistics again; any other is only read."""
    import sqlite3  # noqa: PLC0415 - as below

    try:
        with closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", _MOMENT, uri=True)
        ) as reading:
            is_slow = has_index(reading) and not has_statistics(reading)
        if is_slow:
            with _connected(database, _MOMENT) as connection:
                quicken(connection)
    except sqlite3.DatabaseError:  # in use, or no database: MLflow will say so
        return


def _has_content(database: Path) -> bool:
    return database.exists() and database.stat().st_size > 0


def _lay_down(template: Path, database: Path, uri: str) -> None:
    """Let the whole database appear in one step, and never in place of one that is there."""
    fresh = _beside(database)
    try:
        shutil.copyfile(template, fresh)
        with _connected(fresh) as connection:
            connection.execute(
                "UPDATE experiments SET artifact_location = ? || '/' || experiment_id", [artifact_root(uri)]
            )
        _appear(fresh, database)
    finally:
        fresh.unlink(missing_ok=True)


def _appear(fresh: Path, database: Path) -> None:
    try:
        os.link(fresh, database)  # fails where a rename would overwrite
    except OSError:
        # An empty file that somebody touched, or a file system without hard links, where the lock has to do.
        if not _has_content(database):
            fresh.replace(database)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Be the only process of ours that makes this file."""
    from filelock import FileLock  # noqa: PLC0415 - not needed once the store is there

    lock = path.with_name(f".{path.name}.lock")
    with FileLock(lock, timeout=_PATIENCE):
        yield
    # Whoever still waits for the removed file finds the work done: it looks again, and placing is atomic.
    lock.unlink(missing_ok=True)


@contextmanager
def _connected(database: Path, patience: float = 5.0) -> Iterator[sqlite3.Connection]:
    """A connection whose work is committed at the end, and which is then closed."""
    import sqlite3  # noqa: PLC0415 - as above

    with closing(sqlite3.connect(database, patience)) as connection, connection:
        yield connection


def _beside(path: Path) -> Path:
    """A name for the unfinished file."""
    return path.with_name(f".{path.name}.{os.urandom(16).hex()}")


def _template(templates: Path) -> Path:
    template = templates / f"mlflow-{_schema()}.db"
    if not template.exists():
        templates.mkdir(parents=True, exist_ok=True)
        with _alone(template):
            if not template.exists():
                _build(template)
    return template


def _schema() -> str:
    """MLflow's version and the set of its migrations, which has one head; read without loading MLflow."""
    from importlib.metadata import version  # noqa: PLC0415 - as above

    spec = find_spec("mlflow")
    folder = Path(spec.origin or ".").parent / "store" / "db_migrations" / "versions" if spec else Path()
    names = " ".join(sorted(path.stem for path in folder.glob("*.py")))
    head = hashlib.sha256(names.encode()).hexdigest()[:12]
    return f"{version('mlflow')}-{head}-{_MAKE}"


def _build(template: Path) -> None:
    fresh = _beside(template)
    try:
        _migrate(fresh)
        with _connected(fresh) as connection:
            quicken(connection)
        fresh.replace(template)
    finally:
        fresh.unlink(missing_ok=True)


def _migrate(database: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415 - loads MLflow

    talk = logging.getLogger("mlflow.store.db.utils")
    level = talk.level
    talk.setLevel(logging.WARNING)
    try:
        store = SqlAlchemyStore(f"{_PREFIX}{database.as_posix()}", "mlartifacts")  # type: ignore[no-untyped-call]
        store.engine.dispose()
    finally:
        talk.setLevel(level)
