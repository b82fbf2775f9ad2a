"""What Azure ML's search of runs does not take, as its support matrix for queries has it.

Orders by metrics, params and tags; ``!=`` of tags; metrics whose names need quotes; OR, which nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LARGEST_PAGE = 50_000
_TEXT = re.compile(r"'[^']*'")
_ORDER = re.compile(r"^\s*(metrics?|params?|parameters?|tags?)\.", re.IGNORECASE)
_REFUSED = (
    (re.compile(r"\bOR\b", re.IGNORECASE), "OR"),
    (re.compile(r"\btags?\.(?:`[^`]*`|\"[^\"]*\"|\S+)\s*!=", re.IGNORECASE), "!= of a tag"),
    (re.compile(r"\bmetrics?\.[`\"]", re.IGNORECASE), "a metric with special characters"),
)


def refusal(given: Mapping[str, Any]) -> str:
    """Why this search is not taken; empty if it is."""
    for order in given.get("order_by", []):
        if _ORDER.match(order):
            return f"order by {order!r} is not supported"
    filtered = _TEXT.sub("''", given.get("filter", ""))
    for pattern, what in _REFUSED:
        if pattern.search(filtered):
            return f"{what} is not supported in the filter {given['filter']!r}"
    return "max_results is too large" if int(given.get("max_results", 1)) > LARGEST_PAGE else ""
