"""Work that is handed out in every way that a module of this folder knows, each time in a run of its own.

python program.py in_python     # or in_dask, in_ray
python program.py call NAME X...
"""

import importlib
import sys
from contextlib import ExitStack

from tracked import track, tracked_training

XS = range(3)


@tracked_training
def train(x):
    """Decorated."""
    plain(x)
    return {"y": x}


def plain(x):
    """Logs into whatever run is around."""
    for value in (x, x + 10):
        track.log({f"at {x}": value})


def call(fn, x):
    """Calls what it is given."""
    return fn(x)


class Trainer:
    """Has all of them as methods."""

    @tracked_training
    def fit(self, x):
        """Decorated."""
        plain(x)
        return {"y": x}

    def log(self, x):
        """Plain."""
        plain(x)

    def call(self, fn, x):
        """Calls what it is given."""
        return fn(x)


GIVEN = {
    "train": lambda: train,
    "train again": lambda: train,
    "bound train": lambda: track.bind(train),
    "bound plain": lambda: track.bind(plain),
    "plain": lambda: plain,
}
"""What is handed out, by name, as it is in the run around."""


def in_runs(way, hand_out, names):
    """Hand out what these names say, each in a run of its own."""
    for name in names:
        with track.run(f"{way}: {name}"):
            hand_out(GIVEN[name]())


if __name__ == "__main__":
    if sys.argv[1] == "call":
        for number in map(int, sys.argv[3:]):
            GIVEN[sys.argv[2]]()(number)
    else:
        with ExitStack() as around:
            importlib.import_module(sys.argv[1]).main(sys.modules["__main__"], around)
