"""Arguments as the flat texts that MLflow keeps as params."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..lengths import MAX_KEY, MAX_VALUE, shorten
from ..markers import NO_MARKERS, Markers
from ..redact import redact_value
from .flatten import leaves
from .keys import original_key, safe_key, unused
from .sameness import same_value

__all__ = [
    "MAX_KEY",
    "MAX_VALUE",
    "FlatParams",
    "original_key",
    "params_of",
    "safe_key",
    "same_value",
    "shorten",
]


class FlatParams(NamedTuple):
    """Params as MLflow takes them, and what had to be cut for it."""

    values: dict[str, str]
    """By safe key, in the order of the arguments; of a long text its first part and a hash."""
    long: dict[str, str]
    """Whole texts of the values that were cut, by the same keys."""
    secrets: tuple[str, ...] = ()
    """Texts of the secrets among the arguments: shown nowhere else either."""
    renamed: tuple[str, ...] = ()
    """Keys that have a suffix, because another leaf has their name."""

    @property
    def remark(self) -> str:
        """What the person is told of names that met; empty if none did."""
        if not self.renamed:
            return ""
        named = ", ".join(map(repr, self.renamed))
        return f"two params have one name: the later one is logged as {named[:300]}"


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
    renamed: list[str] = []
    found, hidden = leaves(arguments, markers, secrets)
    if hidden:
        # A password may stand in a URL beside it: now that it is known, it is taken out everywhere.
        secrets = (*secrets, *hidden)
        found, _ = leaves(arguments, markers, secrets)
    for name, text in found:
        own = safe_key(redact_value(name, secrets))
        key = unused(own, values)
        if key != own:
            renamed.append(key)
        values[key] = shorten(text, max_value)
        if len(text) > max_value:
            long[key] = text
    return FlatParams(values, long, hidden, tuple(renamed))
