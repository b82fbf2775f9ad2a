"""One machine of many: so many workers, each a process with a run of its own that logs at a steady rate.

    python -m tests.bench.scale_node WAY URI WORKERS SECONDS BEGIN

Prints one line of JSON: how many points were logged, how many calls failed, and how long each step waited.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

METRICS = 10
Step = Callable[[Mapping[str, float], int], object]


def main() -> None:
    """Fork the workers once all is imported, and add up what they tell."""
    way, uri, workers, seconds, begin = sys.argv[1:]
    opened, step = {"each": _each, "batch": _batch, "tracked": _tracked}[way](uri)
    told = [_forked(opened, step, float(seconds), float(begin)) for _ in range(int(workers))]
    parts = [json.loads(os.fdopen(reading).read() or "{}") for _, reading in told]
    for pid, _ in told:
        os.waitpid(pid, 0)
    print(
        json.dumps(
            {
                "points": sum(part.get("points", 0) for part in parts),
                "failed": sum(part.get("failed", 1) for part in parts),
                "waits": [wait for part in parts for wait in part.get("waits", ())],
            }
        )
    )


def _forked(
    opened: Callable[[], AbstractContextManager[object]], step: Step, seconds: float, begin: float
) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with opened():
                told = _work(step, seconds, begin)
            os.write(writing, json.dumps(told).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    return pid, reading


def _work(step: Step, seconds: float, begin: float) -> dict[str, object]:
    """Ten values a second until time is up; who is late skips what it has missed."""
    waits, failed, number = [], 0, 0
    at = begin + random.random()
    while at < begin + seconds:
        time.sleep(max(0.0, at - time.time()))
        began = time.perf_counter()
        try:
            step({f"m{i}": random.random() for i in range(METRICS)}, number)
        except Exception:  # noqa: BLE001 - what the server refuses is counted
            failed += 1
        waits.append(round(time.perf_counter() - began, 6))
        number += 1
        at = max(at + 1.0, time.time())
    return {"points": METRICS * (number - failed), "failed": failed, "waits": waits}


def _each(uri: str) -> tuple[Callable[[], AbstractContextManager[object]], Step]:
    import mlflow

    def step(values: Mapping[str, float], number: int) -> None:
        for key, value in values.items():
            mlflow.log_metric(key, value, number)

    mlflow.set_tracking_uri(uri)
    return mlflow.start_run, step


def _batch(uri: str) -> tuple[Callable[[], AbstractContextManager[object]], Step]:
    import mlflow

    mlflow.set_tracking_uri(uri)
    return mlflow.start_run, lambda values, number: mlflow.log_metrics(dict(values), number)


def _tracked(uri: str) -> tuple[Callable[[], AbstractContextManager[object]], Step]:
    from tracked import setup_mlflow, track

    setup_mlflow(tracking_uri=uri)
    return lambda: track.run("worker"), lambda values, number: track.log(values, step=number)


if __name__ == "__main__":
    main()
