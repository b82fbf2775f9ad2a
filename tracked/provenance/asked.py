"""What only the process itself knows of where its runs come from."""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from .code import code_here

_LONGEST_COMMAND = 20_000
"""Characters: it goes into a variable of the environment."""


@dataclass(frozen=True)
class Asked:
    """What only the process itself knows; small enough for a variable of the environment."""

    command: str
    folder: str
    code: str
    """The top of its working tree; empty if it has none."""
    path: tuple[str, ...]
    """Its ``sys.path``."""
    source: str
    """Script or notebook."""
    time: float
    """Seconds since the epoch."""

    @classmethod
    def by_this_process(cls, source: str) -> Asked:
        """What is to be asked for this process, now."""
        code = code_here()
        # The command as the system saw it: `-m package` and options of Python are part of how to do it again.
        command = shlex.join(sys.orig_argv)[:_LONGEST_COMMAND]
        return cls(command, _folder(), code.folder if code else "", tuple(sys.path), source, time.time())

    def to_json(self) -> str:
        """The same as a text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Asked:
        """What :meth:`to_json` wrote."""
        given = json.loads(text)
        return cls(**{**given, "path": tuple(given["path"])})


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it is gone
        return ""
