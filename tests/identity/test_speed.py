"""A key costs little, as a ratio to something else that was measured in the same moment."""

import sys
import timeit

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


def fastest(call):
    """Seconds of the fastest of several rounds."""
    return min(timeit.repeat(call, number=20, repeat=25))


def test_a_key_of_a_hundred_leaves_costs_little():
    """A config of 100 leaves costs less than twice the time that the reference needs to write it down alone."""
    if sys.gettrace() is not None:
        return  # measuring coverage is not measuring time
    assert 2 > fastest(lambda: study_key(CONFIG, {}, {}, "bert")) / fastest(lambda: rfc8785.dumps(CONFIG))
