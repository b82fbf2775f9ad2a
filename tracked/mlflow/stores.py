"""The embedded sqlite store: quick at the first use, safe for several processes at once.

MLflow builds a fresh database by running all its migrations, which takes seconds and fails where two
processes do it together.  So it is built once for each version of MLflow, kept as a template, and copied.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_PREFIX = "sqlite:///"
_MAKE = 1
"""Counts our own changes to the template."""

_PATIENCE = 120.0
"""Seconds to wait for another process that makes the same template or database."""

_RUNS = 10_000
_ROWS = {"runs": 1, "tags": 20, "params": 20, "latest_metrics": 10, "metrics": 1000}
"""Rows for each run in the store that the statistics describe."""

_SAME_VALUE = 500
"""Rows that share a tag's key and value.  Between that of a hash and that of a stage: sqlite then plans both well,
which true statistics do not give."""


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

    Any other store is left alone, and so is an existing database, byte for byte.

    Args:
        uri: a normalised URI.
        templates: folder in which finished databases are kept; without it MLflow builds each one itself.

    Raises:
        OSError: the folder cannot be written.
    """
    if uri.startswith("file:"):
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    database = database_of(uri)
    if database is None or templates is None or _has_content(database):
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with _alone(database):
        if not _has_content(database):
            _lay_down(_template(templates), database, uri)


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
def _connected(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose work is committed at the end, and which is then closed."""
    import sqlite3  # noqa: PLC0415 - as above

    with closing(sqlite3.connect(database)) as connection, connection:
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


def quicken(connection: sqlite3.Connection) -> None:
    """Let a look-up by tag take the same time in a store of ten runs and of ten million.

    One index, which MLflow's migrations carry along when they copy the table, and the statistics without which
    sqlite plans ``order_by`` quadratically.  ``ANALYZE`` on an empty database would write none, so those of an
    ordinary store of ten thousand runs are written in its place.
    """
    connection.execute("CREATE INDEX IF NOT EXISTS tracked_tags_by_value ON tags (key, value, run_uuid)")
    connection.execute("ANALYZE sqlite_master")  # makes sqlite_stat1
    for table, rows in _ROWS.items():
        for index in _indexes(connection, table):
            _describe(connection, table, index, rows)


def _indexes(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM pragma_index_list(?)", [table])]


def _describe(connection: sqlite3.Connection, table: str, index: str, rows: int) -> None:
    """Say how many rows there are, share the first column of the index, share its first two, and so on."""
    columns = [row[0] for row in connection.execute("SELECT name FROM pragma_index_info(?)", [index])]
    first = rows if columns[0] == "run_uuid" else _RUNS
    rest = [_SAME_VALUE if column == "value" else 1 for column in columns[1:]]
    connection.execute(
        "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)",
        [table, index, " ".join(map(str, [_RUNS * rows, first, *rest]))],
    )
