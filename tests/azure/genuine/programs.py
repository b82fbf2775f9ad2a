"""Programs of users, run in processes of their own against the emulated Azure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

PATIENCE = 300.0
"""Seconds: Azure's packages alone take ten to be imported on a busy machine."""


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
