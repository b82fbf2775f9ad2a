"""The walk through a value: fast for what configs are made of, bounded for everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..markers import NO_MARKERS, Artifact, Ignore, Key, Marker, Markers, Param, Secret, has
from ..naming import qualified_name
from ..redact import redact_value
from .jcs import to_bytes
from .plumbing import Treatment, kept, treatment, treatment_of_hyperparameter
from .rules import rule_for
from .spaces import plain_space

_MAX_DEPTH = 100
_MAX_NODES = 500_000
"""A list that holds one list twice, which holds one list twice … has more leaves than there is time for."""
_EXACT = 2**53
_KEEP, _DROP, _WHOLE, _SPACE = Treatment  # an enum's attributes are slow to reach

Treat = Callable[[str], Treatment]


class Walk:
    """One walk.  Rules call it for the parts of the value that they are given."""

    def __init__(self, secrets: Collection[str] = (), treat: Treat = treatment) -> None:
        self.treat = treat
        """What becomes of an entry, by its name."""
        self.by_contents = False
        """Whether a model counts with its weights."""
        self.weak_found = False
        self._secrets = tuple(secrets)
        self._inside: set[int] = set()
        self._left = _MAX_NODES

    def __call__(self, value: Any) -> Any:
        """The canonical form of one part."""
        leaf = _LEAVES.get(type(value))
        return self._nested(value) if leaf is None else leaf(self, value)

    def mapping(
        self,
        mapping: Mapping[Any, Any],
        markers: Markers = NO_MARKERS,
        type_name: str | None = None,
        treat: Treat | None = None,
    ) -> dict[str, Any]:
        """An object of the entries that count, with ``$type`` if there is a name for it."""
        treat = treat or self.treat
        self._left -= len(mapping)
        tree: dict[str, Any] = {} if type_name is None else {"$type": type_name}
        for key, value in mapping.items():
            name = key if type(key) is str else _text_of(key)
            if name is None:
                tree[f"$:{to_bytes(self(key)).decode()}"] = self(value)
                continue
            said = markers.get(name, ()) if markers else ()
            what = (_said(said, name) if said else None) or treat(name)
            if what is not _DROP:
                tree[_escaped(name)] = self._entry(value, what, said)
        return tree

    def _entry(self, value: Any, what: Treatment, said: tuple[Marker, ...]) -> Any:
        if what is _WHOLE:
            return self.whole(value)
        if what is _SPACE:
            return self.whole(plain_space(value))
        if not has(said, Key):
            return self(value)
        # Who calls a text an artifact says that it is a path.
        value = Path(value) if type(value) is str and has(said, Artifact) else value
        return self._changed(value, by_contents=True)

    def array(self, items: Collection[Any]) -> list[Any]:
        """An array of all items."""
        self._left -= len(items)
        return [self(item) for item in items]

    def text(self, value: str) -> Any:
        """A text without secrets."""
        text = redact_value(value, self._secrets)
        return text if text.isascii() else _utf8(text)

    def whole(self, value: Any) -> Any:
        """The form of a value in which every name is a hyperparameter."""
        return self._changed(value, treat=treatment_of_hyperparameter)

    def weak(self, value: Any, name: str | None = None, **more: Any) -> dict[str, Any]:
        """The form of a value of which only the type is known, and whatever more can be said."""
        self.weak_found = True
        return {"$weak": name or qualified_name(type(value)), **more}

    def _changed(self, value: Any, **changes: Any) -> Any:
        """The form of a value for which, and for all in it, something else holds."""
        before = {name: getattr(self, name) for name in changes}
        vars(self).update(changes)
        try:
            return self(value)
        finally:
            vars(self).update(before)

    def _nested(self, value: Any) -> Any:
        identity = id(value)
        if identity in self._inside or len(self._inside) >= _MAX_DEPTH or self._left < 0:
            return self.weak(value)
        self._inside.add(identity)
        try:
            return rule_for(type(value))(self, value)
        except ConfigError:
            raise
        except Exception:  # noqa: BLE001 - a value's own code may raise anything
            return self.weak(value)
        finally:
            self._inside.discard(identity)


def _said(markers: tuple[Marker, ...], name: str) -> Treatment | None:
    """What the markers say, which counts more than the name."""
    if has(markers, Ignore, Secret) or Param(key=False) in markers:
        return _DROP
    return kept(name) if has(markers, Key, Param) else None


def _text_of(key: Any) -> str | None:
    """The text of a key that is one (also a text-like enum's); None for other keys."""
    return str.__str__(key) if isinstance(key, str) else None


def _escaped(name: str) -> str:
    """A user's key that cannot be taken for one of ours, and is UTF-8."""
    if name[:1] == "$":
        name = f"${name}"
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def _utf8(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"$str": text.encode("utf-16be", "surrogatepass").hex()}
    return text


def _itself(_walk: Walk, value: Any) -> Any:
    return value


def _text(walk: Walk, value: str) -> Any:
    return walk.text(value)


def _int(_walk: Walk, value: int) -> Any:
    if -_EXACT < value < _EXACT:
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    return number if number == value else {"$int": format(value, "x")}


def _float(_walk: Walk, value: float) -> Any:
    if value.is_integer():
        return int(value) if -_EXACT < value < _EXACT else value
    return value if math.isfinite(value) else {"$float": repr(value)}


_LEAVES: dict[type, Callable[[Walk, Any], Any]] = {
    type(None): _itself,
    bool: _itself,
    str: _text,
    int: _int,
    float: _float,
}
