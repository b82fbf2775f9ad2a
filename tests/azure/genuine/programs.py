"""Programs of users, run in processes of their own against the emulated Azure."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tests.azure.emulator import names

PATIENCE = 300.0
"""Seconds: Azure's packages alone take ten to be imported on a busy machine."""
_BEGINNING = """
    import json, time, tracked
    from tracked import track, tracked_training
    tracked.setup_mlflow("limits", {target}, fallback_to_local=False)

    def told():
        (found,) = [r for r in tracked.find_mlflow_runs("limits") if r.data.tags["stage"] == "training"]
        return dict(id=found.info.run_id, params=found.data.params, tags=found.data.tags,
                    metrics=found.data.metrics, status=found.info.status)
"""
BY_CLIENT = _BEGINNING.format(target="ml_client=tracked.create_ml_client_from_config()")
BY_URI = _BEGINNING.format(target=f"tracking_uri={names.TRACKING_URI!r}")
"""Needs no client: to load one takes longer than all the rest."""


def run(program: str, **environ: str) -> tuple[Any, str]:
    """What the program's last line says, as JSON, and what it said on stderr; it has to succeed."""
    return _told(_done(program, environ, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE))


def at_a_terminal(program: str, **environ: str) -> tuple[Any, str]:
    """The same of a program that a person sits in front of; what is said on stderr is what the person sees."""
    ours, its = pty.openpty()
    try:
        with ThreadPoolExecutor(1) as reader:
            seen = reader.submit(_all_of, ours)
            try:
                done = _done(program, environ, stdin=its, stderr=its)
            finally:
                os.close(its)
            done.stderr = seen.result()
    finally:
        os.close(ours)
    return _told(done)


def _all_of(terminal: int) -> str:
    parts: list[bytes] = []
    # The end of a terminal is an error on Linux.
    with suppress(OSError):
        while part := os.read(terminal, 4096):
            parts.append(part)
    return b"".join(parts).decode()


def _done(program: str, environ: Mapping[str, str], **streams: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
        **streams,
    )


def _told(done: subprocess.CompletedProcess[str]) -> tuple[Any, str]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr
