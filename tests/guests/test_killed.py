"""A process that dies while MLflow has a run open inside a tracked one."""

import subprocess
import sys

import pytest
from mlflow import MlflowClient

from tests.scripts import await_
from tests.stores import all_runs
from tracked.mlflow.stores import ensure_store

PROGRAM = """
import os, signal, sys
import mlflow
import tracked

tracked.setup_mlflow("killed", tracking_uri=sys.argv[1])

@tracked.tracked_training
def train():
    mlflow.start_run(run_name="guest")
    mlflow.log_metric("x", 1)
    os.kill(os.getpid(), signal.SIGKILL)

train()
"""


@pytest.mark.slow
def test_what_a_dead_process_left_open_is_killed(tmp_path, templates):
    """After kill -9 neither the tracked run nor the run that MLflow opened inside it stays RUNNING."""
    uri = f"sqlite:///{tmp_path}/store.db"
    ensure_store(uri, templates)
    done = subprocess.run([sys.executable, "-c", PROGRAM, uri], capture_output=True, text=True, check=False)
    assert -9 == done.returncode, done.stderr
    client = MlflowClient(uri)

    def states():
        return {run.name.partition("-")[0]: run.status for run in all_runs(client, "killed").values()}

    await_(lambda: states() == {"train": "KILLED", "guest": "KILLED"}, "the shipper ends what is left")
