"""What one call was made from, as tags: its arguments as they can be built again, its seed and data, whose results."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath
from typing import Any

import orjson

from .. import tags as t
from ..call import Call
from ..identity import Key
from ..markers import Markers, Secret, has
from ..redact import is_secret_name
from ..results.stored import PATH, NotStorable, Storing
from .datasets import datasets_in
from .edges import PLAIN, runs_in, tag_of

LOST = "$lost"
"""In place of an argument that cannot be built again: why not."""
_SEEDS = ("seed", "random_state", "random_seed")
_NUMBERS = frozenset({type(None), bool, int, float})
_LONGEST = 2**20
_NOWHERE = Path()
"""Arrays and bytes, which would need a folder, are refused before they get there."""


def origin_of(
    call: Call, markers: Markers, secrets: Collection[str], key: Key | None, folder: str
) -> dict[str, str]:
    """The tags; those of runs by the ids that delivery to this journal folder knows."""
    tags = {t.ARGUMENTS: arguments_text(call.arguments, markers, secrets)}
    for name in _SEEDS:
        if t.SEED not in tags and type(call.arguments.get(name)) is int:
            tags[t.SEED] = str(call.arguments[name])
    if not PLAIN.issuperset(map(type, call.arguments.values())):
        # Numbers and texts, all that most calls are given, are no data and nobody's result.
        tags |= tag_of(runs_in(call.arguments), folder)
        tags |= {t.INPUT + name: json.dumps(data) for name, data in datasets_in(key)}
    return tags


def arguments_text(arguments: Mapping[str, Any], markers: Markers, secrets: Collection[str]) -> str:
    """The arguments as JSON, each as ``results.stored`` writes it."""
    are_numbers = not markers and _NUMBERS.issuperset(map(type, arguments.values()))
    if are_numbers and not any(map(is_secret_name, arguments)):
        return _json(dict(arguments))  # the same in a fifth of the time
    storing = Storing(_NOWHERE, _noted, secrets)
    text = _json({name: _stored(storing, name, value, markers) for name, value in arguments.items()})
    return (
        text if len(text) <= _LONGEST else json.dumps({name: {LOST: "it is too long"} for name in arguments})
    )


def _json(tree: Any) -> str:
    """By orjson in a tenth of the time, but for what it has no word for: NaN, and numbers of more than 64 bits."""
    try:
        text = orjson.dumps(tree)
    except TypeError:
        return json.dumps(tree)
    return json.dumps(tree) if b"null" in text else text.decode()


def _stored(storing: Storing, name: str, value: Any, markers: Markers) -> Any:
    if is_secret_name(name) or (markers and has(markers.get(name, ()), Secret)):
        return {LOST: "it is a secret"}
    try:
        return storing(value)
    except NotStorable as error:
        return {LOST: str(error)}


def _noted(value: Any) -> Any:
    if isinstance(value, PurePath):
        return {PATH: str(value)}
    if isinstance(value, bytes) or hasattr(value, "__array__"):
        raise NotStorable("data is not kept with the run, only its digest")
    return None
