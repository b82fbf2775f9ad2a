"""The params of one run: the first value of each stays, and long ones are kept whole in ``params.json``."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from . import speech
from .hiding import Hidden

if TYPE_CHECKING:
    from .params import FlatParams


class Taken(NamedTuple):
    """What a call brings that the run did not have."""

    new: dict[str, str]
    changed: dict[str, str]
    """New values of params that have another already."""
    whole: dict[str, str]
    """All params of the run that had to be cut, whole; empty if this call brings none."""


class Inputs:
    """What the params of a run are so far, as far as this process knows."""

    def __init__(self, values: Mapping[str, str] = MappingProxyType({})) -> None:
        self.values = dict(values)
        self._long: dict[str, str] = {}
        self._suffix = ""
        self._lock = threading.Lock()

    def file(self, *, joined: bool) -> str:
        """Name of the artifact that holds the long ones whole."""
        if not joined:
            return "params.json"
        # Another process has a file of its own there, which must stay.
        self._suffix = self._suffix or os.urandom(3).hex()
        return f"params-{self._suffix}.json"

    def take(self, values: Mapping[str, str], long: Mapping[str, str]) -> Taken:
        """Take these in; what is there already stays."""
        from .params import same_value  # noqa: PLC0415 - loaded with the first call, not with `import tracked`

        with self._lock:
            new = {key: value for key, value in values.items() if key not in self.values}
            known = self.values
            changed = {k: v for k, v in values.items() if k in known and not same_value(known[k], v)}
            self.values = known | new
            whole = {key: text for key, text in long.items() if key in new}
            self._long |= whole
            return Taken(new, changed, dict(self._long) if whole else {})


def whole_text(whole: Mapping[str, str]) -> bytes:
    """Content of the file that holds long params."""
    import orjson  # noqa: PLC0415 - only long params need it

    return orjson.dumps(whole, option=orjson.OPT_INDENT_2)


def flat_params(values: Mapping[str, Any], hidden: Hidden | None = None) -> FlatParams:
    """Inputs as flat texts without secrets; those among the values are hidden from now on."""
    from .params import params_of  # noqa: PLC0415 - loaded with the first call, not with `import tracked`

    hidden = hidden or Hidden()
    flat = params_of(values, secrets=hidden.texts())
    hidden.add(flat.secrets)
    if flat.remark:
        speech.warn_once(flat.remark, about="params of one name")
    return flat
