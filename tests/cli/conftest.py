from __future__ import annotations

import pytest
from click.testing import CliRunner

from tracked import session
from tracked.cli import main


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """The current store of all these tests."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"records://{tmp_path}/store.records")
    return tmp_path / "store.records"


@pytest.fixture
def tracked():
    """The command in this process: its exit code, what it prints, and what it says of errors."""

    def run(*arguments):
        done = CliRunner().invoke(main, [str(argument) for argument in arguments])
        session.reset()
        return done.exit_code, done.stdout, done.stderr

    return run
