"""Several transfers at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from ...foreign import attempted

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 4
"""MLflow sends a folder file by file; more than a few at a time is no faster and hard on a small server."""
SIGN = 0.5
"""Seconds between two signs of life."""


def each(
    work: Callable[[T], R], items: Sequence[T], alive: Callable[[], object]
) -> Iterator[tuple[T, R | Exception]]:
    """Each item with what came of it, as it is done; when this is left, no work goes on.

    The threads are daemons: the end of the process never waits for a transfer.
    """
    todo, done = iter(items), queue.SimpleQueue[tuple[T, R | Exception]]()
    lock, stop = threading.Lock(), threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with lock:
                item = next(todo, None)
            if item is None:
                return
            value, error = attempted(partial(work, item))
            done.put((item, value if error is None else error))

    threads = [threading.Thread(target=serve, daemon=True) for _ in items[:WORKERS]]
    for thread in threads:
        thread.start()
    try:
        for _ in items:
            while (got := _next(done)) is None:
                alive()
            alive()
            yield got
    finally:
        stop.set()
        for thread in threads:
            while thread.is_alive():
                thread.join(SIGN)
                alive()


def _next(done: queue.SimpleQueue[T]) -> T | None:
    try:
        return done.get(timeout=SIGN)
    except queue.Empty:
        return None
