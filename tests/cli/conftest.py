from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.cli.looked_at import Filled, fill
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


@pytest.fixture(scope="session")
def filled(tmp_path_factory, templates):
    """A sqlite store to look at, made once: nothing that is done here changes it."""
    return fill(f"sqlite:///{tmp_path_factory.mktemp('looked_at')}/mlflow.db", templates)


@pytest.fixture
def looked_at(filled, monkeypatch):
    """That store as the current one, 100 characters wide."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", filled.uri)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TZ", "UTC")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return filled


@pytest.fixture
def own(tmp_path, templates, monkeypatch):
    """An empty sqlite store of this test alone, as the current one."""
    made = Filled(f"sqlite:///{tmp_path}/own.db", templates)
    monkeypatch.setenv("TRACKED_TRACKING_URI", made.uri)
    return made


@pytest.fixture
def shown(looked_at, tracked):
    """What a command prints that does well, with ids that are told by the names of their runs."""

    def run(*arguments):
        code, printed, said = tracked(*arguments)
        assert (0, "") == (code, said)
        for number, run_id in enumerate(looked_at.ids.values()):
            printed = printed.replace(run_id[:12], f"<run {number:06}>").replace(
                run_id[:8], f"<run {number:02}>"
            )
        return printed

    return run
