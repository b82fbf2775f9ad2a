"""Arguments as the flat texts that MLflow keeps as params."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..markers import NO_MARKERS, Markers
from .flatten import leaves
from .keys import original_key, safe_key, unused
from .lengths import MAX_KEY, MAX_VALUE, shorten

__all__ = ["MAX_KEY", "MAX_VALUE", "FlatParams", "original_key", "params_of", "safe_key", "shorten"]


class FlatParams(NamedTuple):
    """Params as MLflow takes them, and what had to be cut for it."""

    values: dict[str, str]
    """By safe key, in the order of the arguments; of a long text its first part and a hash."""
    long: dict[str, str]
    """Whole texts of the values that were cut, by the same keys."""


def params_of(
    arguments: Mapping[str, Any],
    markers: Markers = NO_MARKERS,
    secrets: Collection[str] = (),
    max_value: int = MAX_VALUE,
) -> FlatParams:
    """The arguments flattened with ``.``, every leaf a text; never raises for what a value is.

    Mappings, dataclasses, pydantic, attrs, OmegaConf and namespaces are flattened; lists are compact JSON; arrays
    and frames are type, shape and dtype; classes, functions, modules and unknown objects are their qualified name.

    Args:
        arguments: values by name, as in ``Call.arguments``.
        markers: markers by name; ``Ignore`` is left out, ``Secret`` is ``***``.
        secrets: texts that must not appear, such as ``secret_values(os.environ)``.
        max_value: longest text that the store takes, in characters.
    """
    values: dict[str, str] = {}
    long: dict[str, str] = {}
    for name, text in leaves(arguments, markers, secrets):
        key = unused(safe_key(name), values)
        values[key] = shorten(text, max_value)
        if len(text) > max_value:
            long[key] = text
    return FlatParams(values, long)
