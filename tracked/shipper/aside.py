"""What cannot be delivered, kept with the reason: ``tracked doctor`` shows it."""

from __future__ import annotations

import os
from typing import Any

from ..journal import disk, lines
from ..journal.folder import Folder
from ..records import to_json
from ..redact import redact_text
from .batches import Action, Batch


class Aside:
    """Gathers what is put aside in one stretch of a journal, until the stretch is acknowledged."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._gathered: list[bytes] = []
        self.written = 0
        """How much was written down, in all stretches."""

    def clear(self) -> None:
        """Begin a stretch, or begin it again."""
        self._gathered.clear()

    def put(self, what: Action | str, reason: str) -> None:
        """Take this in."""
        # A store may say in its refusal with which credentials it was asked.
        self._gathered.append(lines.encode({"reason": redact_text(reason, os.environ), "what": _shown(what)}))

    def keep(self) -> None:
        """Write down what was gathered."""
        if self._gathered:
            disk.append(self._folder.aside, b"".join(self._gathered))
            self.written += len(self._gathered)
            self._gathered.clear()


def _shown(what: Action | str) -> Any:
    if isinstance(what, Batch):
        # JSON has no NaN and no infinities.
        points = [(key, str(value), time, step) for key, value, time, step in what.points]
        return ["batch", what.run, points, what.params, what.tags]
    return what if isinstance(what, str) else to_json(what)
