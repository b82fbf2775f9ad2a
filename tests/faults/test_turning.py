"""A program that goes on in a new journal again and again, killed at any moment of it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from tests.scripts import Store, await_, values
from tracked.session import place

PROGRAM = """
import os, threading
import tracked.journal.writer as writer
writer.LONG, writer.LOOK = 100_000, 1_000
from tracked import track

def log(key):
    for step in range(1_000_000):
        track.log({key: step}, step=step)
        os.write(1, f"{key} {step}\\n".encode())

with track.run("long"):
    other = threading.Thread(target=track.bind(log), args=("b",), daemon=True)
    other.start()
    log("a")
"""


@pytest.mark.parametrize(
    "seed", [1, 2, pytest.param(3, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)]
)
def test_kill_9_while_pages_are_turned_loses_nothing_that_was_acknowledged(tmp_path, home, seed):
    """Two threads log, a page is turned every few milliseconds, kill -9: each step whose call returned is there."""
    (tmp_path / "at").mkdir()
    store = Store(tmp_path / "at")
    folder = place.folder_for(home, store.uri, os.environ)
    environ = {**os.environ, "TRACKED_TRACKING_URI": store.uri, "TRACKED_VERBOSITY": "quiet"}
    with (tmp_path / "said").open("wb") as said:
        child = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environ, stdout=said)
        with child:
            await_(lambda: any("_" in path.stem for path in folder.journals()), "no page was turned")
            time.sleep(random.Random(seed).uniform(0.3, 1.0))
            child.kill()
    await_(lambda: not folder.journals(), "not all is delivered")
    (run,) = store.runs
    told = [line.split() for line in (tmp_path / "said").read_text().splitlines()[:-1]]
    for key in ("a", "b"):
        acknowledged = [float(step) for name, step in told if name == key]
        stored = values(run, key)
        assert len(acknowledged) > 100
        assert acknowledged == stored[: len(acknowledged)]
        assert len(stored) <= len(acknowledged) + 2
    assert "KILLED" == run.status
