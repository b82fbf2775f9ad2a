import math

import numpy as np
import pytest

from tracked.kinds.parity import compare

NAN, INF = math.nan, math.inf

PAIRS = [
    ([1, 2], [1.0, 2.0], (0, 0), True),
    (np.float32([[1, 2]]), [[1, 2]], (0, 0), True),
    ([1.0, NAN], [1.0, NAN], (0, 0), True),
    ([1.0, INF], [1.0, INF], (0, 0), True),
    ([1.0], [NAN], (INF, 0), False),
    ([INF], [1.0], (INF, 0), False),
    ([1, 2], [1], (INF, INF), False),
    ([100.0], [100.05], (0.05, 0.0005), True),
    ([100.0], [101.0], (1, 0.01), False),
    ([0.0], [1e-6], (1e-6, 0), True),
    ([1e-6], [2e-6], (1e-6, 0), True),
    (["cat", 1], ["cat", 1], (0, 0), True),
    (["cat"], ["dog"], (INF, 0), False),
    ([{"a": 1, "b": 2}], [{"b": 2, "a": 1}], (0, 0), True),
    (np.uint8([1]), np.uint8([2]), (1, 1), False),
    ([], [], (0, 0), True),
]


@pytest.mark.parametrize(("expected", "actual", "errors", "passes"), PAIRS)
def test_outputs_are_compared_number_by_number(expected, actual, errors, passes) -> None:
    """A NaN is no agreement, a value next to zero has no relative error, and small integers do not wrap around."""
    found = compare(expected, actual, rtol=1e-3, atol=1e-5)
    assert errors == pytest.approx((found.metrics["max_abs_error"], found.metrics["max_rel_error"]))
    assert passes is found.passed
    assert passes is not bool(found.why)
