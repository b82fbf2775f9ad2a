"""A key costs little, as a ratio to something else that was measured in the same moment."""

import sys
import timeit

import pytest
import rfc8785

from tracked.identity import study_key

CONFIG = {
    f"section{i}": {
        f"{name}{i}": value
        for name, value in {
            "epochs": 1, "dropout": 0.5, "optimizer": "adam", "shuffle": True, "limit": None, "lr": 1e-5, "size": 128,
            "backbone": "distilbert-base-uncased", "weight": 3.0, "metric": "macro-f1",
        }.items()
    }
    for i in range(10)
}  # fmt: skip


def ratio(one, other):
    """Cost of one call in costs of the other, in the quietest of many moments."""
    return min(timeit.timeit(one, number=10) / timeit.timeit(other, number=10) for _ in range(40))


def test_a_key_of_a_hundred_leaves_costs_little():
    """A config of 100 leaves costs less than twice the time that the reference needs to write it down alone."""
    if sys.gettrace() is not None:
        pytest.skip("measuring coverage is not measuring time")
    assert 2 > ratio(lambda: study_key(CONFIG, {}, {}, "bert"), lambda: rfc8785.dumps(CONFIG))
