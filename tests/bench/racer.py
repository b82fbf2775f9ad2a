"""The process of one who logs: answers each order with what it cost.

    python -m tests.bench.racer NAME FOLDER URI DATABASE

``round N`` logs N steps; ``die N`` logs N steps and ends by ``kill -9`` when the last call has returned.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from time import perf_counter_ns, thread_time

from tests.bench.peers import PEERS, Place


def main(name: str, folder: str, uri: str, database: str) -> None:
    """Get ready, say so, and do as is ordered until there are no more orders."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    race = PEERS[name].begin(Place(Path(folder), uri, Path(database), name))
    steps = count()
    answers.write("ready\n")
    for order, number in map(str.split, sys.stdin):
        race.before()
        cpu = thread_time()
        times = sorted(_times(race.log, islice(steps, int(number))))
        cpu = thread_time() - cpu
        if order == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        race.after()
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        answers.write(json.dumps([p50 / 1e9, p99 / 1e9, cpu / len(times)]) + "\n")


def _times(log: Callable[[int], object], steps: Iterator[int]) -> Iterator[int]:
    for step in steps:
        start = perf_counter_ns()
        log(step)
        yield perf_counter_ns() - start


if __name__ == "__main__":
    main(*sys.argv[1:])
