from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from tracked.measure import number_of


class Hostile:
    def __float__(self):
        raise ZeroDivisionError

    def item(self):
        raise ZeroDivisionError


NUMBERS = [
    (1, 1.0),
    (1.5, 1.5),
    (True, 1.0),
    (np.float32(0.5), 0.5),
    (np.float64(0.5), 0.5),
    (np.int64(3), 3.0),
    (np.bool_(True), 1.0),
    (np.array(2.0), 2.0),
    (np.array([[2]]), 2.0),
    (Decimal("0.25"), 0.25),
    (Fraction(1, 4), 0.25),
    (10**400, math.inf),
    (-(10**400), -math.inf),
    (math.inf, math.inf),
    ("1", None),
    (b"1", None),
    (np.str_("1"), None),
    (1j, None),
    (np.complex64(1), None),
    (np.array([1, 2]), None),
    (np.array([]), None),
    (None, None),
    ([1], None),
    ({}, None),
    (object(), None),
    (Hostile(), None),
]


@pytest.mark.parametrize(("value", "number"), NUMBERS, ids=lambda v: f"{type(v).__name__} {str(v)[:12]}")
def test_what_is_a_number(value, number):
    """Scalars of Python and NumPy, and arrays of one element, are numbers; all else is none, and never an error."""
    found = number_of(value)
    assert number == found
    assert type(found) in (float, type(None))


def test_nan_stays_nan():
    """A loss that is no number any more is still a number to log."""
    assert all(math.isnan(number_of(value)) for value in (math.nan, np.float32("nan"), Decimal("nan")))
