"""Runs that travelled here from a process with another store."""

from pathlib import Path

import pytest

from tracked import joining, setup_mlflow, track, tracked_training
from tracked import session as sessions
from tracked.parents import CONTEXT

_OPEN = Path("/proc/self/fd")


@tracked_training
def train(x):
    """One of many calls."""


@pytest.fixture
def travelled(tmp_path, monkeypatch):
    """The journal folder of a run that came from a process whose runs go elsewhere."""
    setup_mlflow(tracking_uri=f"records://{tmp_path}/theirs")
    with track.run("theirs"):
        monkeypatch.setenv(CONTEXT, joining.packed())
    folder = sessions.current().folder
    setup_mlflow(tracking_uri=f"records://{tmp_path}/ours")
    return folder


def test_many_calls_have_one_journal(travelled):
    """However often a worker is called, it opens one file in the folder of the run above."""
    before = len(travelled.journals())
    for x in range(20):
        train(x)
    assert before + 1 == len(travelled.journals())


@pytest.mark.skipif(not _OPEN.exists(), reason="open files cannot be counted here")
def test_many_calls_leave_no_file_open(travelled):
    """A worker that is called for days does not run out of file descriptors."""
    train(0)
    before = len(list(_OPEN.iterdir()))
    for x in range(20):
        train(x)
    assert len(list(_OPEN.iterdir())) <= before + 2


def test_a_new_set_up_holds_there_too(travelled):
    """What is set anew counts for runs that travelled here as for others."""
    train(0)
    setup_mlflow(exit_timeout=7.0)
    assert 7.0 == sessions.for_folder(str(travelled.path)).settings.exit_timeout
