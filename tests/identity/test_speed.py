"""A key costs little, as a ratio to something else that was measured in the same moment."""

import sys
import timeit

import pytest
import rfc8785

from tests.bench.keys import CONFIG
from tracked.identity import study_key


def ratio(one, other):
    """Cost of one call in costs of the other, in the quietest of many moments."""
    return min(timeit.timeit(one, number=10) / timeit.timeit(other, number=10) for _ in range(40))


def test_a_key_of_a_hundred_leaves_costs_little():
    """A config of 100 leaves costs less than twice the time that the reference needs to write it down alone."""
    if sys.gettrace() is not None:
        pytest.skip("measuring coverage is not measuring time")
    assert 2 > ratio(lambda: study_key(CONFIG, {}, {}, "bert"), lambda: rfc8785.dumps(CONFIG))
