"""A training is killed with -9, and the program is run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from mlflow import MlflowClient

from tests.resume.programs import TRAINING
from tests.stores import all_runs
from tracked import tags as t


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(TRAINING)
    return path


def run(program, *arguments, uri):
    """The program's exit state and what it said."""
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", str(program), *arguments],
        env={**os.environ, "TRACKED_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_killed_training_goes_on_from_its_last_checkpoint(program, tmp_path, templates):
    """The same run, attempt 2, the rest of the epochs from the checkpoint on; all that either logged is there once."""
    uri = f"sqlite:///{tmp_path}/store/mlflow.db"
    assert run(program, "2", uri=uri).returncode == -signal.SIGKILL
    done = run(program, uri=uri)
    assert (done.returncode, done.stdout) == (0, "6\n"), done.stderr
    (only,) = all_runs(MlflowClient(uri)).values()
    assert (only.status, only.tags[t.ATTEMPT]) == ("FINISHED", "2")
    assert [(p.step, p.value) for p in sorted(only.points, key=lambda p: p.step) if p.key == "acc"] == [
        (step, step / 10) for step in range(6)
    ]
    assert t.END_REASON not in only.tags
    assert "KILLED at" in only.tags[f"{t.FORMER}1"]
    assert only.end_time > only.start_time
    assert "tracking failed" not in done.stderr
