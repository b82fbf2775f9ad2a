"""The second pass of a pipeline, and a call whose result is given back."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

import tracked
from tests.bench.table import Row, compare, shown_time

_SEED = count()
"""Makes each first pass one of new work."""


@tracked.tracked_sweep(n_trials=8, maximize="acc", seed=1, on_existing="reuse")
def _sweep(trial, seed: int):
    return {"acc": _work(trial.suggest_float("x", 0, 1) + seed)}


@tracked.tracked_training(on_existing="reuse", key_code=True)
def _train(params: dict, folder: Path, seed: int) -> Path:
    path = folder / f"model-{seed}.bin"
    path.write_bytes(bytes(int(_work(params["x"]) % 200) + 1) * 2**14)
    return path


@tracked.tracked_conversion(on_existing="reuse")
def _convert(model: Path) -> Path:
    target = model.with_suffix(".out")
    target.write_bytes(model.read_bytes()[::-1])
    return target


@tracked.tracked_benchmark(on_existing="reuse", repeat=10, warmup=1)
def _benchmark(model: Path) -> float:
    return _work(model.stat().st_size)


def _work(x: float) -> float:
    """Some 30 ms of it: a step that is short beside any training."""
    for i in range(500_000):
        x += i % 7
    return x


def _pipeline(folder: Path, seed: int) -> float:
    best = _sweep(seed).best
    return _benchmark(_convert(_train(best.params, folder, seed)))


@tracked.tracked_training(on_existing="reuse")
def _reused(alpha: float = 0.1, epochs: int = 3) -> float:
    return alpha


@tracked.tracked_training
def _new(alpha: float = 0.1, epochs: int = 3) -> float:
    return alpha


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """Two passes of sweep, training, conversion and benchmark; a reused call against one that runs."""
    tracked.setup_mlflow(tracking_uri=f"records://{folder}/reuse.records")
    rounds, calls = (5, 50) if quick else (9, 200)
    _pipeline(folder, next(_SEED))
    pairs = [_passes(folder) for _ in range(rounds)]
    second, first = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(a / b for a, b in pairs)
    row = Row(
        "the second pass of a pipeline",
        shown_time(second),
        "the first",
        shown_time(first),
        ratio,
        "below 1/20",
    )
    _reused()
    one = compare("a reused call", _reused, "a decorated call that runs", _new, (calls, calls), rounds)
    tracked.sync()
    return [row, one]


def _passes(folder: Path) -> tuple[float, float]:
    """Seconds of a second pass, and of the first."""
    seed = next(_SEED)
    times = []
    for _ in range(2):
        began = perf_counter()
        _pipeline(folder, seed)
        times.append(perf_counter() - began)
    return times[1], times[0]
