"""What must not be shown in a tree of runs: secrets of the environment, and those that its calls were given."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import tags as t


class Hidden:
    """The secrets of one tree of runs: an exception with the child's password in it goes through its parents too."""

    def __init__(self) -> None:
        self._given: frozenset[str] = frozenset()

    def add(self, texts: Iterable[str]) -> None:
        """Learn what a call was given."""
        self._given = self._given.union(texts)

    def texts(self) -> tuple[str, ...]:
        """All of them, longest first, so that none is hidden in part only."""
        from .redact import secret_values  # noqa: PLC0415 - loaded with the first call, not with `import tracked`

        found = secret_values(os.environ)
        return tuple(sorted({*found, *self._given}, key=len, reverse=True)) if self._given else found

    def value(self, text: str) -> str:
        """A text that should otherwise stay as it is: a name."""
        from .redact import redact_value  # noqa: PLC0415 - as above

        return redact_value(text, self.texts())

    def prose(self, text: str) -> str:
        """A note, a message or a traceback without secrets."""
        from .redact import redact_text  # noqa: PLC0415 - as above

        return redact_text(text, secrets=self.texts())

    def tags(self, values: Mapping[Any, Any]) -> dict[str, str]:
        """Labels without secrets, under keys that MLflow takes; one called like a secret is none but its mask."""
        from .params import safe_key  # noqa: PLC0415 - as above
        from .redact import MASK, is_secret_name, redact_value  # noqa: PLC0415 - as above

        secrets = self.texts()

        def shown(key: str, value: str) -> str:
            if is_secret_name(key):
                return MASK
            return self.prose(value) if key in t.PROSE else redact_value(value, secrets)

        named = ((str(key), str(value)) for key, value in values.items())
        return {safe_key(redact_value(key, secrets)): shown(key, value) for key, value in named}
