"""What makes a sqlite database quick to search, for MLflow's own queries and UI as for ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_INDEX = "tracked_tags_by_value"

_RUNS = 10_000
_ROWS = {"runs": 1, "tags": 20, "params": 20, "latest_metrics": 10, "metrics": 1000}
"""Rows for each run in the store that the statistics describe."""

_SAME_VALUE = 500
"""Rows that share a tag's key and value.  Between that of a hash and that of a stage: sqlite then plans both well,
which true statistics do not give."""


def quicken(connection: sqlite3.Connection) -> None:
    """Let a look-up by tag take the same time in a store of ten runs and of ten million.

    One index, which MLflow's migrations carry along when they copy the table, and the statistics without which
    sqlite plans ``order_by`` quadratically.  ``ANALYZE`` on an empty database would write none, so those of an
    ordinary store of ten thousand runs are written in its place; they do not age as the store grows.  True ones that
    are there stay.
    """
    connection.execute(f"CREATE INDEX IF NOT EXISTS {_INDEX} ON tags (key, value, run_uuid)")
    connection.execute("ANALYZE sqlite_master")  # makes sqlite_stat1
    for table, index in _undescribed(connection):
        _describe(connection, table, index)


def is_quick(connection: sqlite3.Connection) -> bool:
    """Whether the index and the statistics are there."""
    return has_index(connection) and has_statistics(connection)


def has_index(connection: sqlite3.Connection) -> bool:
    """Whether the index is there: then the database is one of ours, or one that was to be made quick."""
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [_INDEX]).fetchone())


def has_statistics(connection: sqlite3.Connection) -> bool:
    """Whether there are statistics of each index, ours or true ones; a migration that copies a table loses them."""
    is_there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone()
    return bool(is_there) and not _undescribed(connection)


def _undescribed(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Tables and their indexes without statistics."""
    known = set(connection.execute("SELECT tbl, idx FROM sqlite_stat1"))
    listed = "SELECT name FROM pragma_index_list(?)"
    pairs = [(table, row[0]) for table in _ROWS for row in connection.execute(listed, [table])]
    return [pair for pair in pairs if pair not in known]


def _describe(connection: sqlite3.Connection, table: str, index: str) -> None:
    """Say how many rows there are, share the first column of the index, share its first two, and so on."""
    columns = [row[0] for row in connection.execute("SELECT name FROM pragma_index_info(?)", [index])]
    first = _ROWS[table] if columns[0] == "run_uuid" else _RUNS
    rest = [_SAME_VALUE if column == "value" else 1 for column in columns[1:]]
    connection.execute(
        "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)",
        [table, index, " ".join(map(str, [_RUNS * _ROWS[table], first, *rest]))],
    )
