"""The shipper's own process, killed in the middle of a folder."""

from __future__ import annotations

import os
import signal
import time

import pytest

import tracked
from tests.stores import all_runs
from tracked import track
from tracked.mlflow.client import client_for
from tracked.shipper.status import read_status

FILES = 3000
PATIENCE = 120.0


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.slow
def test_a_shipper_killed_in_the_middle_of_a_folder_loses_nothing(tmp_path, home):
    """Every file arrives, once and whole, and no copy of ours is left."""
    source = tmp_path / "many"
    source.mkdir()
    for number in range(FILES):
        (source / f"{number}.txt").write_text(str(number))
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    session = tracked.setup_mlflow(tracking_uri=uri) and tracked.session.current()
    with track.run("r"):
        track.log(x=1.0)
        session.flush()
        shipper = read_status(session.folder.status).pid
        track.artifact(source, "many")
        until(lambda: list((tmp_path / "mlartifacts").rglob("many/1*.txt")))
        os.kill(shipper, signal.SIGKILL)
        assert FILES > len(list((tmp_path / "mlartifacts").rglob("many/*.txt")))
    tracked.sync()
    (run,) = all_runs(client_for(uri)).values()
    assert {f"many/{n}.txt": str(n).encode() for n in range(FILES)} == run.artifacts
    assert "FINISHED" == run.status
    assert [] == list(session.folder.files.iterdir())
