"""What ``@tracked_benchmark`` calls how often, and what it logs of it."""

import asyncio
import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow import MlflowClient

import tracked
from tests.scripts import parent_of
from tests.stores import all_runs
from tracked import tags as t
from tracked import track, tracked_benchmark, tracked_training
from tracked.errors import ConfigError
from tracked.kinds import timing
from tracked.testing import captured

WHOLE = {f"latency{q}_ms" for q in ("", "_p50", "_p90", "_p95", "_p99", "_min", "_max", "_stdev", "_ci95")}
OF_A_BATCH = ("_ms", "_p50_ms", "_p95_ms", "_p99_ms")


class Clock:
    """A clock that goes on by a step at each call of a function under test, and by nothing else."""

    def __init__(self, *steps):
        self.now, self.steps, self.calls = 0.0, list(steps), 0

    def tick(self):
        self.calls += 1
        self.now += self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return self.calls

    def monotonic(self):
        return self.now

    def perf_counter_ns(self):
        return round(self.now * 1e9)


@pytest.fixture
def clock(monkeypatch):
    """What a benchmark goes by."""

    def set_to(*steps):
        made = Clock(*steps)
        for module in (timing, sys.modules["tracked.kinds.measuring"]):
            monkeypatch.setattr(module, "time", made)
        return made

    import tracked.kinds.measuring  # noqa: F401 - loaded with the first benchmark

    return set_to


def test_a_real_store_has_the_figures_the_samples_and_the_picture(tmp_path: Path) -> None:
    """On sqlite: every metric of a batch, machine tags, params, all samples, and an SVG that stands by itself."""

    @tracked_benchmark(warmup=2, repeat=5, batch_sizes=[4, 1])
    def benchmark(model, batch_size=1):
        return [model] * batch_size

    tracked.setup_mlflow("speed", tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    assert ["svm"] == benchmark("svm")
    assert tracked.sync()
    (run,) = all_runs(MlflowClient(f"sqlite:///{tmp_path}/mlflow.db"), "speed").values()
    names = {f"latency_batch_{n}{q}" for n in (1, 4) for q in OF_A_BATCH}
    assert {*names, "throughput_calls_per_sec", "throughput_samples_per_sec", "peak_rss_mb"} == set(
        run.metrics
    )
    assert run.metrics["throughput_samples_per_sec"] == pytest.approx(
        4000 / run.metrics["latency_batch_4_ms"]
    )
    assert ("[4, 1]", "5", "2") == tuple(
        run.params[f"benchmark_{name}"] for name in ("batch_sizes", "iterations", "warmup_iterations")
    )
    assert all(run.tags[tag] for tag in (t.BENCHMARK_CPU, t.BENCHMARK_MACHINE, t.BENCHMARK_PYTHON))
    told = json.loads(run.artifacts["benchmark_results.json"])
    assert [5, 5] == [len(told[f"batch_{n}"]["samples_ms"]) for n in (1, 4)]
    for n in (1, 4):
        picture = run.artifacts[f"latency_batch_{n}.svg"].decode()
        assert ET.fromstring(picture).tag.endswith("svg")
        assert "<script" not in picture
        assert ["http://www.w3.org/2000/svg"] == [p for p in picture.split('"') if p.startswith("http")]


def test_the_figures_are_those_of_the_calls(clock) -> None:
    """Warm-up does not count, and mean, percentiles and extremes are those of the times that the calls took."""
    time = clock(9, 9, 0.001, 0.002, 0.003, 0.010)

    @tracked_benchmark(warmup=2, repeat=4, budget=100)
    def benchmark():
        return time.tick()

    with captured() as runs:
        assert 6 == benchmark()
        metrics = runs["benchmark"].metrics
    assert {*WHOLE, "throughput_calls_per_sec", "peak_rss_mb", "result"} == set(metrics)
    expected = {"": 4, "_p50": 2.5, "_p90": 7.9, "_min": 1, "_max": 10, "_stdev": 4.08248}
    assert expected == pytest.approx({q: metrics[f"latency{q}_ms"] for q in expected}, rel=1e-5)
    assert metrics["throughput_calls_per_sec"] == pytest.approx(250)


@pytest.mark.parametrize(
    ("options", "steps", "calls", "why"),
    [
        ({"warmup": 1, "repeat": 3}, (0.001,), 4, "repeat"),
        ({"warmup": 0, "repeat": 1}, (0.001,), 1, "repeat"),
        ({"warmup": 0}, (0.001,), timing.ENOUGH, "precision"),
        ({"warmup": 0, "precision": 0, "repeat": 50}, (0.001, 0.002), 50, "repeat"),
        ({"warmup": 0, "budget": 2}, (0.5, 0.25, 1), 4, "budget"),
        ({"warmup": 9, "budget": 2}, (1,), 2, "budget"),
        ({"repeat": 5, "budget": 0}, (1,), 1, "budget"),
    ],
)
def test_timing_ends_for_a_reason(clock, options, steps, calls, why) -> None:
    """It stops at ``repeat``, when the mean is known well enough, or when the time is spent; the tag says which."""
    time = clock(*steps)

    @tracked_benchmark(**options)
    def benchmark():
        return time.tick()

    with captured() as runs:
        assert calls == benchmark()
        run = runs["benchmark"]
    assert (calls, why) == (time.calls, run.tags[t.BENCHMARK_STOPPED])
    assert "latency_ms" in run.metrics


def test_times_that_differ_are_taken_longer(clock) -> None:
    """Where the mean is not known well enough after the least number of calls, more are made."""
    time = clock(*[0.001, 0.0015] * 500, 0.001)

    @tracked_benchmark(warmup=0, budget=100)
    def benchmark():
        time.tick()

    with captured() as runs:
        benchmark()
        metrics = runs["benchmark"].metrics
    assert timing.ENOUGH < time.calls < 1000
    assert metrics["latency_ci95_ms"] <= 0.02 * metrics["latency_ms"]


def test_what_returns_a_mapping_has_measured_by_itself() -> None:
    """Without options such a function is called once, and only what it says is logged."""
    calls = []

    @tracked_benchmark
    def benchmark(batch_size=8):
        calls.append(batch_size)
        return {"latency_ms": 3.5}

    with captured() as runs:
        benchmark()
        run = runs["benchmark"]
    assert ([8], {"latency_ms": 3.5}, {}) == (calls, run.metrics, run.artifacts)


def test_a_bare_benchmark_times_itself(clock) -> None:
    """Without options the first call warms up and the next ones count, for a second at most."""
    time = clock(0.125, 0.25)

    @tracked_benchmark
    def benchmark(batch_size=8):
        return [time.tick()]

    with captured() as runs:
        assert [5] == benchmark()
        run = runs["benchmark"]
    assert ("budget", 250.0) == (run.tags[t.BENCHMARK_STOPPED], run.metrics["latency_ms"])
    assert 32.0 == run.metrics["throughput_samples_per_sec"]


def test_a_bare_benchmark_of_a_long_function_calls_it_once(clock) -> None:
    """What takes longer than the second is not done twice, and that one time is told."""
    time = clock(90)

    @tracked_benchmark
    def benchmark():
        return time.tick()

    with captured() as runs:
        assert 1 == benchmark()
        assert 90_000.0 == runs["benchmark"].metrics["latency_ms"]


def test_a_call_that_nobody_asked_for_takes_no_result_away(clock, capsys) -> None:
    """If a bare benchmark's second call raises, the caller has what the first returned, and a line says so."""
    time = clock(0.5)

    @tracked_benchmark
    def benchmark():
        if time.tick() == 2:
            raise FileExistsError
        return "first"

    with captured() as runs:
        assert "first" == benchmark()
        run = runs["benchmark"]
    assert ("FINISHED", 500.0) == (run.status, run.metrics["latency_ms"])
    assert "a further call raised FileExistsError" == run.tags[t.BENCHMARK_STOPPED]
    assert 1 == capsys.readouterr().err.count("FileExistsError")


def test_an_exception_of_the_first_call_is_the_callers() -> None:
    """The very exception comes out, after one call, and the run is FAILED."""
    error = ValueError("mine")
    calls = []

    @tracked_benchmark
    def benchmark():
        calls.append(1)
        raise error

    with captured() as runs:
        with pytest.raises(ValueError, match="mine") as raised:
            benchmark()
        run = runs["benchmark"]
    assert (error, [1]) == (raised.value, calls)
    assert ("FAILED", {}) == (run.status, run.metrics)


def test_an_exception_in_a_repeat_that_was_asked_for_is_the_callers(clock) -> None:
    """With options it goes through, and the times until then are kept."""
    time = clock(0.5)

    @tracked_benchmark(warmup=0, repeat=5)
    def benchmark():
        return 1 / (time.tick() - 3)

    with captured() as runs:
        with pytest.raises(ZeroDivisionError):
            benchmark()
        run = runs["benchmark"]
    assert ("FAILED", 500.0, "failure") == (
        run.status,
        run.metrics["latency_ms"],
        run.tags[t.BENCHMARK_STOPPED],
    )
    assert 2 == len(json.loads(run.artifacts["benchmark_results.json"])["calls"]["samples_ms"])


def test_each_batch_size_is_tried_with_its_share_of_the_time(clock) -> None:
    """``batch_size`` is varied, the result is that of the last one, and what one size leaves the next ones have."""
    time, sizes = clock(1), []

    @tracked_benchmark(warmup=0, budget=12, batch_sizes=(1, 8, 32), repeat=5, precision=0)
    def benchmark(*, batch_size: int):
        sizes.append(batch_size)
        time.tick()
        return batch_size

    with captured() as runs:
        assert 5 == benchmark(batch_size=5)
        assert [5] * 5 == sizes
        sizes.clear()
    benchmark = tracked_benchmark(warmup=0, budget=12, batch_sizes=(1, 8, 32), repeat=5, precision=0)(
        lambda batch_size=2: (sizes.append(batch_size), time.tick()) and batch_size
    )
    with captured() as runs:
        assert 32 == benchmark()
        assert [1] * 4 + [8] * 4 + [32] * 4 == sizes
        (run,) = runs.runs
    assert 32.0 == run.metrics["throughput_samples_per_sec"]
    assert "latency_ms" not in run.metrics


def test_the_next_benchmark_of_the_same_call_says_how_much_changed(clock) -> None:
    """Metric and tag tell the change since the last one of this key, without asking the store."""
    time = clock(0.1, 0.2, 0.3, 0.05)

    @tracked_benchmark(warmup=0, repeat=1)
    def benchmark(model):
        time.tick()

    with captured() as runs:
        for model in ("a", "b", "a", "b"):
            benchmark(model)
        changes = [run.metrics.get("change_vs_last") for run in runs.runs]
        told = runs.runs[2].tags[t.BENCHMARK_CHANGE]
        first = runs.runs[0].name
    assert [None, None] == changes[:2]
    assert [2.0, -0.75] == pytest.approx(changes[2:])
    assert told.startswith(f"+200.0% against {first} of ")


def test_a_comparison_by_a_weak_key_says_so(clock) -> None:
    """Two objects that no rule tells apart may be two models: the tag does not claim that they are one."""
    time = clock(0.1)

    @tracked_benchmark(warmup=0, repeat=1)
    def benchmark(model):
        time.tick()

    with captured() as runs:
        benchmark(Clock(1))
        benchmark(Clock(2))
        assert runs.runs[1].tags[t.BENCHMARK_CHANGE].endswith("the key is weak")


def test_a_failed_benchmark_is_nothing_to_compare_with(clock) -> None:
    """Only a whole one is the last one."""
    time = clock(0.1, 0.1, 0.4, 0.1, 0.1)

    @tracked_benchmark(warmup=0, repeat=2)
    def benchmark():
        if time.tick() == 2:
            raise BlockingIOError

    with captured() as runs:
        with pytest.raises(BlockingIOError):
            benchmark()
        benchmark()
        assert "change_vs_last" not in runs.runs[1].metrics


def test_the_gpu_is_waited_for_where_torch_is_loaded(monkeypatch) -> None:
    """CUDA is synchronised before and after a call, if torch is loaded and uses it; torch is never loaded for it."""
    assert "torch" not in sys.modules
    done, uses = [], [False, True]
    cuda = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: uses[0],
        synchronize=lambda: done.append("sync"),
    )

    @tracked_benchmark(warmup=0, repeat=1)
    def benchmark():
        done.append("call")

    with captured():
        benchmark()
        assert "torch" not in sys.modules
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        benchmark()
        uses[0] = True
        benchmark()
    assert ["call", "call", "sync", "call", "sync"] == done


def test_a_benchmark_inside_a_training_is_its_child() -> None:
    """All calls of a benchmark are in one run, and what they log is in it, a step a call."""

    @tracked_benchmark(warmup=1, repeat=3)
    def benchmark():
        track.log(seen=1)

    @tracked_training
    def train():
        benchmark()

    with captured() as runs:
        train()
        run = runs["benchmark"]
        assert ("train", 2) == (parent_of(runs.runs, run), len(runs.runs))
    assert [0, 1, 2, 3] == sorted(p.step for p in run.points if p.key == "seen")


def test_the_run_that_an_argument_names_is_the_source() -> None:
    """A benchmark of a run's model stands under that run where no run is around, and names it in a tag."""

    @tracked_benchmark(warmup=0, repeat=1)
    def benchmark(source_run):
        pass

    with captured() as runs:
        with track.run("train") as run:
            pass
        benchmark(run)
        benchmark("a" * 32)
        with track.run("around"):
            benchmark(run)
        train, first, second, around, third = runs.runs
    assert [train.run_id, "a" * 32, train.run_id] == [r.tags[t.SOURCE_RUN] for r in (first, second, third)]
    assert [train.run_id, "a" * 32, around.run_id] == [
        r.tags[t.MLFLOW_PARENT] for r in (first, second, third)
    ]


def test_without_tracking_the_function_is_called_once() -> None:
    """Where nothing is recorded, nothing is repeated."""
    calls = []

    @tracked_benchmark(repeat=5)
    def benchmark():
        calls.append(1)
        return 7

    with track.disabled():
        assert 7 == benchmark()
    assert [1] == calls


def test_a_coroutine_is_a_run_like_any_other() -> None:
    """A bare benchmark may be a coroutine function: it runs once, and what it returns is logged."""

    @tracked_benchmark
    async def benchmark():
        return {"latency_ms": 2}

    with captured() as runs:
        assert {"latency_ms": 2} == asyncio.run(benchmark())
        assert {"latency_ms": 2.0} == runs["benchmark"].metrics


async def _coroutine(batch_size):
    pass


@pytest.mark.parametrize(
    ("options", "function"),
    [
        ({"repeat": 0}, len),
        ({"warmup": -1}, len),
        ({"warmup": True}, len),
        ({"budget": "1"}, len),
        ({"precision": float("nan")}, len),
        ({"batch_sizes": [0]}, lambda batch_size: 0),
        ({"batch_sizes": "12"}, lambda batch_size: 0),
        ({"batch_sizes": [1]}, lambda size: 0),
        ({"batch_sizes": 8}, lambda batch_size: 0),
        ({"repeat": 2}, _coroutine),
        ({"repeats": 2}, len),
    ],
)
def test_what_cannot_be_is_refused_at_decoration(options, function) -> None:
    """An option that no benchmark can follow, or that this function cannot be timed with, is a ConfigError."""
    with pytest.raises(ConfigError):
        tracked_benchmark(**options)(function)
