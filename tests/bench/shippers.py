"""Shippers are processes that outlive whoever started them: what a benchmark started it ends."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tracked.session import place
from tracked.session.process import is_served
from tracked.shipper.status import read_status

PATIENCE = 60.0


def pids(home: Path) -> list[int]:
    """The shippers that serve this home, as they say who they are."""
    return [read_status(folder.status).pid for folder in place.folders(home) if is_served(folder)]


def end(home: Path) -> None:
    """End the shippers of this home, and wait until they are gone."""
    for pid in filter(None, pids(home)):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while pids(home):
        if time.monotonic() > until:
            raise SystemExit(f"a shipper of {home} does not end")
        time.sleep(0.05)
