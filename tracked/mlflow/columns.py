"""What can be asked of a run, and how a store is asked for it in text that is safe everywhere."""

from __future__ import annotations

import difflib
import math
import re
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from .. import tags as t
from ..attempts import without_claims
from ..errors import ConfigError
from ..nearest import did_you_mean

Ways: TypeAlias = "tuple[tuple[str, ...], ...]"
"""Clauses to join by AND, in several ways, whose runs together hold every run that is looked for."""

EVERY_RUN: Ways = ((),)
"""The one way of no clause."""

LARGEST = sys.float_info.max
"""What MLflow makes of an infinity."""

_KINDS = {
    **dict.fromkeys(("attributes", "attribute", "attr", "run"), "attributes"),
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("tags", "tag"), "tags"),
}
_NUMBERS = frozenset({"start_time", "end_time"})
ATTRIBUTES = (*sorted(_NUMBERS), "run_id", "run_name", "status", "user_id", "artifact_uri")

_SIGNS = str.maketrans(dict.fromkeys("'\"`\\", "_"))
"""In a pattern ``_`` stands for any one character, so a sign that must not be written still counts as one."""


class Facts(NamedTuple):
    """What can be asked about one run."""

    attributes: Mapping[str, Any]
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]

    def metric(self, key: str) -> float | None:
        """The last value, with the infinity that MLflow could not keep."""
        value = self.metrics.get(key)
        if value is not None and abs(value) >= LARGEST and (t.INFINITE + key)[:250] in self.tags:
            return math.copysign(math.inf, value)
        return value


def facts_of(run: Any) -> Facts:
    """The facts of one of MLflow's runs."""
    attributes = {name: getattr(run.info, name, None) for name in (*ATTRIBUTES, "experiment_id")}
    return Facts(attributes, run.data.tags, without_claims(run.data.params), run.data.metrics)


class Column(NamedTuple):
    """One thing that every run may have."""

    kind: str
    """``attributes``, ``tags``, ``params`` or ``metrics``."""
    key: str

    @property
    def is_number(self) -> bool:
        """Whether stores compare it as a number."""
        return self.kind == "metrics" or (self.kind == "attributes" and self.key in _NUMBERS)

    def of(self, facts: Facts) -> Any:
        """What the run has; None if it has none."""
        if self.kind == "metrics":
            return facts.metric(self.key)
        found: Mapping[str, Any] = getattr(facts, self.kind)
        return found.get(self.key)

    def present(self) -> Ways:
        """The runs that have it, if that can be said."""
        return EVERY_RUN if self.is_number else self._clause("LIKE", "'%'")

    def like(self, pattern: str, operator: str = "LIKE") -> Ways:
        """The runs whose text this pattern matches, and perhaps others."""
        return self._clause(operator, f"'{_wider(pattern)}'")

    def text(self, operator: str, text: str) -> Ways:
        """The runs whose text is equal, or is not, and perhaps others."""
        if _is_safe(text):
            return self._clause(operator, f"'{text}'")
        return self.present() if operator == "!=" else self.like(text)

    def number(self, operator: str, bound: float) -> Ways:
        """The runs whose number compares so, and perhaps others.

        An infinity lies in the store as the largest number, beside true ones of that size.
        """
        if abs(bound) < LARGEST:
            return self._clause(operator, number_text(bound))
        if operator == "!=":
            return EVERY_RUN
        upwards = operator[0] == ">" or (operator == "=" and bound > 0)
        return self._clause(">=" if upwards else "<=", number_text(math.copysign(LARGEST, bound)))

    def _clause(self, comparator: str, value: str) -> Ways:
        if not _is_safe(self.key):
            return EVERY_RUN
        key = self.key if self.kind == "attributes" else f"`{self.key}`"
        return ((f"{self.kind}.{key} {comparator} {value}",),)


def column(key: Any) -> Column:
    """The column of a key such as ``metrics.f1``; a bare one is MLflow's attribute of that name, else a tag.

    Raises:
        ConfigError: it is no key, or one that was probably meant otherwise.
    """
    if not isinstance(key, str) or not key:
        raise ConfigError(f"a key is a text such as 'metrics.f1', not {key!r}")
    if key in ATTRIBUTES:
        return Column("attributes", key)
    prefix, _, rest = key.partition(".")
    kind = _KINDS.get(prefix)
    if kind is None or not rest:
        _check_prefix(prefix, rest)
        return Column("tags", key)
    if kind == "attributes" and rest not in ATTRIBUTES:
        raise ConfigError(f"a run has no attribute {rest!r}{did_you_mean(rest, ATTRIBUTES)}")
    return Column(kind, rest)


def _check_prefix(prefix: str, rest: str) -> None:
    near = difflib.get_close_matches(prefix, set(_KINDS.values()), n=1, cutoff=0.8)
    if rest and near:
        key = f"{prefix}.{rest}"
        raise ConfigError(f"{key!r}: did you mean '{near[0]}.{rest}'? A tag of that name is 'tags.{key}'")


def number_text(value: float) -> str:
    """A number as MLflow's parser reads it, which takes no plus sign, exactly."""
    return repr(value).replace("e+", "e")


def _wider(text: str) -> str:
    """A pattern of safe characters that this text matches; of a pattern, one that matches all that it does."""
    safe = re.split(r"[^ -~\w]", text.translate(_SIGNS), maxsplit=1)
    return safe[0] + "%" * (len(safe) - 1)


def _is_safe(text: str) -> bool:
    """Whether it can stand between quotes, or backticks, in any store's filter."""
    return text.isprintable() and text == text.translate(_SIGNS)
