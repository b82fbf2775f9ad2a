"""Variables of the environment that each call asks for: that one is not set, as most are not, is told at once."""

from __future__ import annotations

import os
from functools import cache
from typing import Any


def variable(name: str) -> str:
    """The value of a variable; empty if it is not set."""
    environ: Any = os.environ
    # A look encodes the name anew, which takes a microsecond.  What lies behind is asked first whether it is there.
    if (behind := getattr(environ, "_data", None)) is not None and _key(name) not in behind:
        return ""
    return str(environ.get(name, ""))


@cache
def _key(name: str) -> Any:
    """The name as it stands behind ``os.environ``: bytes, or on Windows in capitals."""
    environ: Any = os.environ
    return environ.encodekey(name)
