"""When two runs measured the same."""

from __future__ import annotations

import math

import pytest

from tracked.provenance.verdict import Divergence, first_divergence


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"a": [(0, 1.0), (1, 2.0)]}, {"a": [(0, 1.0), (1, 2.0000001)]}),
        ({"a": [(0, math.nan)], "b": [(0, math.inf)]}, {"a": [(0, math.nan)], "b": [(0, math.inf)]}),
        ({"a": [(0, 1.0), (0, 2.0)]}, {"a": [(0, 1.0), (0, 2.0)]}),
        ({}, {}),
    ],
)
def test_the_same(then, now):
    """Within the tolerance; NaN is NaN, infinity infinity, and several points of one step are held in their order."""
    assert first_divergence(then, now) is None


@pytest.mark.parametrize(
    ("then", "now", "parted"),
    [
        (
            {"a": [(0, 1.0), (5, 2.0)], "b": [(3, 1.0)]},
            {"a": [(0, 1.0), (5, 3.0)], "b": [(3, 2.0)]},
            ("b", 3, 1.0, 2.0),
        ),
        ({"b": [(1, 1.0)], "a": [(1, 1.0)]}, {"b": [(1, 2.0)], "a": [(1, 2.0)]}, ("a", 1, 1.0, 2.0)),
        ({"a": [(0, 1.0), (1, 1.0)]}, {"a": [(0, 1.0)]}, ("a", 1, 1.0, None)),
        ({"a": [(0, 1.0)]}, {"a": [(0, 1.0)], "b": [(0, 1.0)]}, ("b", 0, None, 1.0)),
        ({"a": [(0, 1.0)]}, {"a": [(0, math.inf)]}, ("a", 0, 1.0, math.inf)),
    ],
)
def test_the_first_divergence(then, now, parted):
    """The lowest step counts, then the name; a point that is missing or new is one too; each is told in words."""
    found = first_divergence(then, now)
    assert Divergence(*parted) == found
    assert f"{parted[0]} at step {parted[1]}" in str(found)


def test_nan_is_no_number():
    """A run that broke is not the same as one that did not."""
    assert first_divergence({"a": [(0, 1.0)]}, {"a": [(0, math.nan)]}) is not None
