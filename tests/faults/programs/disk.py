"""A program whose disk fails it in the middle: ``disk.py CASE``; prints what it would print without us."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from tracked import track, tracked_training

HOME = Path(os.environ["TRACKED_HOME"])
FILLER = HOME / "filler"


def fill() -> None:
    """Take all the room there is."""
    with FILLER.open("wb", buffering=0) as file:
        for size in (4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


def limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


CASES = {
    "full": (fill, FILLER.unlink),
    "too large": (lambda: limit(1000), lambda: limit(resource.RLIM_INFINITY)),
    "removed": (lambda: shutil.rmtree(Path(track.current().ref.folder).parent), lambda: None),
    "none": (lambda: None, lambda: None),
}
fails, heals = CASES[sys.argv[1]]


@tracked_training(name="before")
def before():
    for i in range(20):
        track.log(acc=i)
    return {"acc": 1.0}


@tracked_training(name="during")
def during():
    track.log(acc=0)
    track.params({"lr": 0.1})
    fails()
    for i in range(1, 200):
        track.log(acc=i)
    track.tag(state="x" * 5000)
    track.artifact(bytes(5000), "w.bin")
    return {"acc": 2.0}


@tracked_training(name="while")
def meanwhile():
    track.log(acc=0)
    return {"acc": 3.0}


@tracked_training(name="after")
def after():
    for i in range(20):
        track.log(acc=i)
    return {"acc": 4.0}


print(before(), during(), meanwhile())
heals()
print(after())
