"""A benchmark while it runs: what is called how often, and what is logged of it."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from .. import speech
from .. import tags as t
from ..foreign import attempted
from ..guard import guard
from ..run import Run
from ..shapes import fields_of
from .benchmark_options import BATCH_SIZE, BenchmarkOptions
from .histogram import histogram
from .last import compared
from .machine import machine_tags, peak_rss_mb
from .timing import Rules, Stopwatch

UNASKED = Rules(warmup=1, budget=1.0)
"""How a benchmark is timed that says nothing about it."""

_OF_A_BATCH = ("mean", "p50", "p95", "p99")

Timed = dict[int | None, Stopwatch]
"""A stopwatch for each batch size; None where there is none."""


def drive(run: Run, options: BenchmarkOptions, function: Any, args: Any, kwargs: Any) -> Any:
    """Call the function as the options say, and log how long it took."""
    call = functools.partial(function, *args, **kwargs)
    if run.is_off:
        return call()
    if options.is_asked:
        return _asked(run, options, call)
    return _unasked(run, call)


def _asked(run: Run, options: BenchmarkOptions, call: functools.partial[Any]) -> Any:
    rules = Rules(**options.rules)
    timed = {size: Stopwatch(made, rules) for size, made in _by_size(call, options.batch_sizes).items()}
    try:
        result = _measured(list(timed.values()), rules.budget)
    finally:
        with guard:
            _log(run, rules, timed)
    with guard:
        _compare(run, timed)
    return result


def _measured(watches: Sequence[Stopwatch], budget: float) -> Any:
    """Measure each; what one leaves of its share of the time, the next ones have."""
    until, result = time.monotonic() + budget, None
    for done, watch in enumerate(watches):
        watch.measure((until - time.monotonic()) / (len(watches) - done))
        result, watch.result = watch.result, None
    return result


def _unasked(run: Run, call: functools.partial[Any]) -> Any:
    watch = Stopwatch(call, UNASKED)
    watch.once()
    if fields_of(watch.result) is not None:
        return watch.result
    if watch.stopped != "budget":
        _repeat_unasked(watch)
    (size,) = _by_size(call, ())
    with guard:
        _log(run, UNASKED, {size: watch})
        _compare(run, {size: watch})
    return watch.result


def _repeat_unasked(watch: Stopwatch) -> None:
    """Time calls that nobody asked for: the caller's result is there, and a failure here must not take it away."""
    first = watch.samples
    watch.restart()
    error = attempted(watch.go_on).error
    if error is not None:
        watch.stopped = f"a further call raised {type(error).__name__}"
        watch.samples = watch.samples if watch.samples.ms else first
        speech.warn_once(
            f"benchmark: {watch.stopped}; it is timed by the calls before (repeat=1, warmup=0 makes one call only)"
        )


def _by_size(call: functools.partial[Any], sizes: Sequence[int]) -> Mapping[int | None, Callable[[], Any]]:
    """A call for each batch size; where the caller gave one, for that; where there is none, the call as it is."""
    with guard:
        bound = inspect.signature(call.func).bind(*call.args, **call.keywords)
        is_given = BATCH_SIZE in bound.arguments
        bound.apply_defaults()
        if sizes and not is_given:
            return {size: _with_size(call.func, bound, size) for size in sizes}
        size = bound.arguments.get(BATCH_SIZE)
        return {size if type(size) is int else None: call}
    return {None: call}


def _with_size(function: Any, bound: inspect.BoundArguments, size: int) -> Callable[[], Any]:
    bound.arguments[BATCH_SIZE] = size
    return functools.partial(function, *bound.args, **bound.kwargs)


def _log(run: Run, rules: Rules, timed: Timed) -> None:
    timed = {size: watch for size, watch in timed.items() if watch.samples.ms}
    if not timed:
        return
    summaries = {size: watch.samples.summary() for size, watch in timed.items()}
    run.log({**_metrics(summaries), "peak_rss_mb": peak_rss_mb()})
    run.params(_params(rules, timed))
    stopped = dict.fromkeys(watch.stopped or "failure" for watch in timed.values())
    run.tag({**machine_tags(), t.BENCHMARK_STOPPED: ", ".join(stopped)})
    _keep(run, rules, timed, summaries)


def _params(rules: Rules, timed: Timed) -> dict[str, Any]:
    """Under the names that the system before used."""
    sizes = [size for size in timed if size is not None]
    return {
        "benchmark_iterations": max(len(watch.samples.ms) for watch in timed.values()),
        "benchmark_warmup_iterations": rules.warmup,
        **({"benchmark_batch_sizes": str(sizes)} if sizes else {}),
    }


def _metrics(summaries: Mapping[int | None, Mapping[str, float]]) -> dict[str, float]:
    """For each batch size what the system before logged; where there is but one, or none, the whole summary."""
    metrics: dict[str, float] = {}
    for size, summary in summaries.items():
        if len(summaries) == 1:
            metrics |= _named("latency", summary)
        if size is not None:
            metrics |= _named(f"latency_batch_{size}", {key: summary[key] for key in _OF_A_BATCH})
    largest = max(summaries, key=lambda size: size or 0)
    calls = 1000 / max(summaries[largest]["mean"], 1e-6)
    metrics["throughput_calls_per_sec"] = calls
    if largest is not None:
        metrics["throughput_samples_per_sec"] = calls * largest
    return metrics


def _named(prefix: str, summary: Mapping[str, float]) -> dict[str, float]:
    """The mean is called ``latency_ms``, all else ``latency_p50_ms``."""
    return {f"{prefix}_ms" if key == "mean" else f"{prefix}_{key}_ms": ms for key, ms in summary.items()}


def _keep(run: Run, rules: Rules, timed: Timed, summaries: Mapping[Any, Mapping[str, float]]) -> None:
    """All samples as JSON, and a picture of them."""
    results: dict[str, Any] = {"rules": asdict(rules), "machine": machine_tags()}
    for size, watch in timed.items():
        name = "calls" if size is None else f"batch_{size}"
        told = {f"{key}_ms": value for key, value in summaries[size].items()}
        results[name] = {**told, "stopped": watch.stopped, "samples_ms": watch.samples.ms}
        title = run.name if size is None else f"{run.name}, batch size {size}"
        picture = histogram(watch.samples.ms, summaries[size], title)
        run.artifact(picture.encode(), f"latency_{name}.svg")
    run.artifact(orjson.dumps(results, option=orjson.OPT_INDENT_2), "benchmark_results.json")


def _compare(run: Run, timed: Timed) -> None:
    means = {"calls" if size is None else str(size): watch.samples.mean for size, watch in timed.items()}
    change = compared(run, means)
    if change is not None:
        run.log({"change_vs_last": change.fraction})
        run.tag({t.BENCHMARK_CHANGE: change.told})
