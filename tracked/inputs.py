"""The params of one run: the first value of each stays, and long ones are kept whole in ``params.json``."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from . import speech
from .hiding import Hidden
from .later import Later

if TYPE_CHECKING:
    from . import params
    from .params import FlatParams
else:
    params = Later(globals(), "params", "tracked.params")


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
        self.lock = threading.Lock()

    def file(self, *, joined: bool) -> str:
        """Name of the artifact that holds the long ones whole."""
        if not joined:
            return "params.json"
        # Another process has a file of its own there, which must stay.
        self._suffix = self._suffix or os.urandom(3).hex()
        return f"params-{self._suffix}.json"

    def take(self, values: Mapping[str, str], long: Mapping[str, str]) -> Taken:
        """Take these in; what is there already stays."""
        with self.lock:
            new = {key: value for key, value in values.items() if key not in self.values}
            known = self.values
            changed = {k: v for k, v in values.items() if k in known and not params.same_value(known[k], v)}
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
    hidden = hidden or Hidden()
    flat = params.params_of(values, secrets=hidden.texts())
    hidden.add(flat.secrets)
    if flat.remark:
        speech.warn_once(flat.remark, about="params of one name")
    return flat


def merged(values: Mapping[str, Any] | None, more: dict[str, Any]) -> Mapping[str, Any]:
    """What was given as a mapping and by name, together."""
    if values is None:
        return more
    if isinstance(values, Mapping):
        return {**values, **more}
    speech.warn_once(
        f"track.* takes values by name or in a mapping, not in {type(values).__name__}; it is left out"
    )
    return more
