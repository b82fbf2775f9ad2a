"""One session of ``tracked`` for all rows of a store, before the session that each test has for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rows.acts import EXPERIMENT, Runs, acted_on_a_server, acted_on_sqlite
from tracked import session


@contextmanager
def _at(folder: Path, templates: Path, uri: str) -> Iterator[None]:
    """A home, a working folder that acts may litter, and the store, for the processes that acts start too."""
    (folder / "home").mkdir()
    (folder / "home/templates").symlink_to(templates)
    (folder / "work").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKED_HOME", str(folder / "home"))
        patch.setenv("TRACKED_LINGER", "1")
        patch.setenv("TRACKED_PROVENANCE", "0")  # as each test has it: its artifacts are not of the rows
        patch.setenv("TRACKED_TRACKING_URI", uri)
        patch.setenv("TRACKED_EXPERIMENT", EXPERIMENT)
        patch.chdir(folder / "work")
        session.reset()
        yield
        session.reset()


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, templates: Path) -> Runs:
    """All rows on sqlite."""
    folder = tmp_path_factory.mktemp("rows")
    uri = f"sqlite:///{folder}/mlflow.db"
    with _at(folder, templates, uri):
        return acted_on_sqlite(uri)


@pytest.fixture(scope="session")
def runs_on_a_server(tmp_path_factory: pytest.TempPathFactory, templates: Path, server_uri: str) -> Runs:
    """The rows that could differ there, on a real server."""
    with _at(tmp_path_factory.mktemp("rows"), templates, server_uri):
        return acted_on_a_server(server_uri)


@pytest.fixture(params=["runs", pytest.param("runs_on_a_server", marks=pytest.mark.server)])
def runs_of_both(request: pytest.FixtureRequest) -> Runs:
    """The same rows in each kind of store in turn."""
    found: Runs = request.getfixturevalue(request.param)
    return found
