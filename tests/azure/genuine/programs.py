"""Programs of users, run in processes of their own against the emulated Azure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
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


def run(program: str, **environ: str) -> tuple[dict[str, Any], str]:
    """What the program's last line says, as JSON, and what it said on stderr; it has to succeed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr
