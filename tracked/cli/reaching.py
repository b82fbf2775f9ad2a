"""What commands that read runs have in common: their exit codes, and how they end where there is nothing to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .speaking import note, safe_lines, say

NOT_FOUND = 3
"""Exit code: there is no such run, or it could be several."""
UNREACHABLE = 4
"""Exit code: the store does not answer."""


@contextmanager
def told() -> Iterator[None]:
    """End the command, with the reason and its exit code, for what cannot be done in this block."""
    from ..errors import BackendUnavailable, RunNotFound, TrackedError  # noqa: PLC0415 - a command loads what it needs

    try:
        yield
    except TrackedError as error:
        say(f"Error: {safe_lines(str(error))}", err=True)
        codes = {RunNotFound: NOT_FOUND, BackendUnavailable: UNREACHABLE}
        code = next((code for kind, code in codes.items() if isinstance(error, kind)), 1)
        if code == UNREACHABLE:
            note("`tracked doctor` says what helps; what is recorded is kept until the store takes it")
        sys.exit(code)
