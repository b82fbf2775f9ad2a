"""What must not be shown in a tree of runs: secrets of the environment, and those that its calls were given."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import tags as t
from .later import Later

if TYPE_CHECKING:
    from . import params, redact
else:
    params = Later(globals(), "params", "tracked.params")
    redact = Later(globals(), "redact", "tracked.redact")


class Hidden:
    """The secrets of one tree of runs: an exception with the child's password in it goes through its parents too."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def add(self, texts: Iterable[str]) -> None:
        """Learn what a call was given."""
        # In place, which is one step: calls in several threads learn at once, and none may forget another's.
        self._given.update(texts)

    def texts(self) -> tuple[str, ...]:
        """All of them, longest first, so that none is hidden in part only."""
        found = redact.secret_values(os.environ)
        return tuple(sorted({*found, *self._given}, key=len, reverse=True)) if self._given else found

    def value(self, text: str) -> str:
        """A text that should otherwise stay as it is: a name."""
        return redact.redact_value(text, self.texts())

    def prose(self, text: str) -> str:
        """A note, a message or a traceback without secrets."""
        return redact.redact_text(text, secrets=self.texts())

    def tags(self, values: Mapping[Any, Any]) -> dict[str, str]:
        """Labels without secrets, under keys that MLflow takes; one called like a secret is none but its mask."""
        secrets, redact_value = self.texts(), redact.redact_value

        def shown(key: str, value: str) -> str:
            if redact.is_secret_name(key):
                return redact.MASK
            return self.prose(value) if key in t.PROSE else redact_value(value, secrets)

        named = ((str(key), str(value)) for key, value in values.items())
        return {params.safe_key(redact_value(key, secrets)): shown(key, value) for key, value in named}
