"""``per_call="aggregate"``: calls by the thousand are one run, a step for each call."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.scripts import Store, called, parent_of, values
from tracked import speech, track, tracked_benchmark, tracked_conversion, tracked_sweep, tracked_training
from tracked import tags as t
from tracked.errors import ConfigError
from tracked.testing import StoredRun, captured


@tracked_training(per_call="aggregate")
def score(x: float, scale: float = 1.0) -> dict[str, float]:
    """One of thousands of calls."""
    track.log(seen=x)
    if x < 0:
        raise ValueError("no score below zero")
    return {"y": x * scale}


@tracked_training
def search(n: int) -> None:
    """Calls it very often."""
    for i in range(n):
        score(float(i))


def points(run: StoredRun, key: str) -> list[tuple[int, float]]:
    """Steps and values of a metric."""
    return sorted((p.step, p.value) for p in run.points if p.key == key)


def test_ten_thousand_calls_are_one_run() -> None:
    """Every call is a step, however many there are."""
    with captured() as runs:
        search(10_000)
        run = runs["score"]
        assert 2 == len(runs.runs)
    assert [(i, float(i)) for i in range(10_000)] == points(run, "y")


def test_a_failed_call_counts_and_does_not_end_the_run() -> None:
    """The caller gets its exception, the metric counts it at its step, and later calls go on."""
    with captured() as runs:
        with track.run("parent"):
            score(1.0)
            for x in (-1.0, -2.0):
                with pytest.raises(ValueError, match="below zero"):
                    score(x)
            score(2.0)
        run = runs["score"]
    assert [(0, 1.0), (3, 2.0)] == points(run, "y")
    assert [(1, 1.0), (2, 2.0), (3, 2.0)] == points(run, "n_failed_calls")
    assert ("FINISHED", "ValueError", 4.0) == (
        run.status,
        run.tags["tracked.error.type"],
        run.metrics["n_calls"],
    )


def test_an_interrupted_call_is_no_failure() -> None:
    """Ctrl-C in the last call ends the run as KILLED, as it does any run; one that is followed by others does not."""

    @tracked_training(per_call="aggregate")
    def stops(at: int) -> None:
        if at == 2:
            raise KeyboardInterrupt

    def until_it_stops() -> None:
        with track.run("parent"):
            for i in range(5):
                stops(i)

    with captured() as runs:
        with pytest.raises(KeyboardInterrupt):
            until_it_stops()
        with track.run("goes on"):
            with pytest.raises(KeyboardInterrupt):
                stops(2)
            stops(3)
        found = called(runs.runs, "stops")
    assert [("KILLED", 3.0, 0.0), ("FINISHED", 2.0, 0.0)] == [
        (run.status, run.metrics["n_calls"], run.metrics["n_failed_calls"]) for run in found
    ]
    assert "keyboard" in found[0].tags["tracked.end_reason"]


def test_params_are_those_of_the_first_call(capsys) -> None:
    """What later calls are given or log as params is left out, and no conflict is made of it."""

    @tracked_training(per_call="aggregate")
    def step(x: int) -> None:
        track.params({"own": x, f"only {x}": x})

    with captured() as runs:
        with track.run("parent"):
            for i in range(3):
                step(i)
        run = runs["step"]
    assert {"x": "0", "own": "0", "only 0": "0"} == run.params
    assert [] == [key for key in run.tags if "param_changed" in key]
    assert "written once" not in capsys.readouterr().err


def test_one_run_for_each_function_and_parent() -> None:
    """Two parents have a run each, and so have two functions in one parent; nothing is shared among them."""

    @tracked_training(per_call="aggregate")
    def other(x: float) -> float:
        return x

    with captured() as runs:
        for name in ("a", "b"):
            with track.run(name):
                for i in range(3):
                    score(float(i))
                    other(float(i))
        found = [(parent_of(runs.runs, run), run.metrics["n_calls"]) for run in runs.runs if run.params]
    assert [("a", 3.0), ("a", 3.0), ("b", 3.0), ("b", 3.0)] == sorted(found)


def test_threads_count_their_calls_together() -> None:
    """Calls at once from many threads have a number each; none is lost and none counted twice."""
    with captured() as runs:
        with track.run("parent"), ThreadPoolExecutor(8) as pool:
            list(pool.map(track.bind(score), map(float, range(400))))
        run = runs["score"]
    assert list(range(400)) == [step for step, _ in points(run, "y")]
    assert sorted(map(float, range(400))) == sorted(value for _, value in points(run, "y"))
    assert 400.0 == run.metrics["n_calls"]
    steps = dict(points(run, "y"))
    assert steps == dict(points(run, "seen"))


def test_root_calls_are_one_run_until_they_are_awaited() -> None:
    """Without a parent the run ends when what was logged is awaited; a later call begins a new one."""
    with captured() as runs:
        for i in range(3):
            score(float(i))
        (first,) = runs.runs
        assert ("FINISHED", 3.0) == (first.status, first.metrics["n_calls"])
        score(7.0)
        assert [("FINISHED", 3.0), ("FINISHED", 1.0)] == [(r.status, r.metrics["n_calls"]) for r in runs.runs]


def test_root_calls_end_with_the_process(tmp_path: Path) -> None:
    """At the exit of the process, and of a worker of multiprocessing, the run is closed as it was."""
    store = Store(tmp_path)
    store.python(
        "import multiprocessing, os\n"
        "import tracked\n"
        "@tracked.tracked_training(per_call='aggregate')\n"
        "def f(x): return x\n"
        "def work(n):\n"
        "    for i in range(n): f(i)\n"
        "if __name__ == '__main__':\n"
        "    work(5)\n"
        "    worker = multiprocessing.get_context('fork').Process(target=work, args=(3,))\n"
        "    worker.start(); worker.join()\n"
        "    if os.fork() == 0:\n"
        "        raise SystemExit\n"
        "    os.wait()\n"
        "    work(2)\n",
    )
    found = [(run.status, values(run, "n_calls")) for run in called(store.runs, "f")]
    assert [("FINISHED", [3.0]), ("FINISHED", [7.0])] == sorted(found)


def test_a_call_under_way_keeps_its_run_open() -> None:
    """What is awaited in the middle of a call does not cut the call off: the run ends with it."""

    @tracked_training(per_call="aggregate")
    def waits() -> float:
        assert "RUNNING" == runs["waits"].status
        track.log(late=1.0)
        return 2.0

    with captured() as runs:
        assert 2.0 == waits()
        run = runs["waits"]
    assert ({"late": 1.0, "result": 2.0, "n_calls": 1.0, "n_failed_calls": 0.0}, "FINISHED") == (
        run.metrics,
        run.status,
    )


def test_what_is_called_inside_stands_under_the_one_run() -> None:
    """A tracked call inside an aggregated one is a child of its run; an aggregated one is one run there too."""

    @tracked_training(per_call="aggregate")
    def middle(i: int) -> None:
        score(float(i))
        with track.run("block"):
            pass

    with captured() as runs:
        with track.run("top"):
            for i in range(3):
                middle(i)
        found = runs.runs
    assert "top" == parent_of(found, called(found, "middle")[0])
    assert ["middle"] * 4 == [parent_of(found, r) for r in (*called(found, "score"), *called(found, "block"))]
    assert {"FINISHED"} == {run.status for run in found}


def test_a_function_inside_itself() -> None:
    """Recursion ends, and each depth is one run."""

    @tracked_training(per_call="aggregate")
    def tree(depth: int) -> int:
        return 1 if depth == 0 else tree(depth - 1) + tree(depth - 1)

    with captured() as runs:
        assert 8 == tree(3)
        counts = [run.metrics["n_calls"] for run in runs.runs]
    assert [1.0, 2.0, 4.0, 8.0] == sorted(counts)


@pytest.mark.parametrize(
    "decorator", [tracked_benchmark, tracked_conversion], ids=["benchmark", "conversion"]
)
def test_every_kind_has_the_option(decorator) -> None:
    """Other kinds of work are aggregated in the same way."""

    @decorator(per_call="aggregate")
    def work(x: float) -> dict[str, float]:
        return {"y": x}

    with captured() as runs:
        with track.run("parent"):
            for i in range(3):
                work(float(i))
        (run,) = called(runs.runs, "work")
    assert 3.0 == run.metrics["n_calls"]
    assert [0, 1, 2] == [step for step, _ in points(run, "y")] or decorator is tracked_benchmark


def test_a_benchmark_is_compared_with_no_other_call(tmp_path: Path) -> None:
    """Each call has its figures at its step and its samples in its folder; calls are not taken for one another."""

    @tracked_benchmark(per_call="aggregate", repeat=3)
    def counts(n: int) -> int:
        return sum(range(n))

    with captured() as runs:
        with track.run("parent"):
            for n in (10, 20_000, 10):
                counts(n)
        run = runs["counts"]
    assert [0, 1, 2] == [step for step, _ in points(run, "latency_ms")]
    assert points(run, "latency_ms")[0][1] < points(run, "latency_ms")[1][1]
    assert "change_vs_last" not in run.metrics
    assert t.CALL_KEY not in run.tags
    assert {f"calls/{i}/benchmark_results.json" for i in range(3)} < set(run.artifacts)


def test_conversions_keep_every_model(capsys) -> None:
    """Also one that its verification finds wrong: it counts as a failed call, and the caller gets it."""

    @tracked_conversion(per_call="aggregate", verify=lambda model, name: name != "b")
    def converts(name: str) -> bytes:
        return name.encode()

    with captured() as runs:
        with track.run("parent"):
            assert [b"a", b"b", b"c"] == [converts(name) for name in "abc"]
        run = runs["converts"]
    assert {f"calls/{i}/model.bin": name for i, name in enumerate([b"a", b"b", b"c"])} == run.artifacts
    for metric in ("smoke_test_passed", "conversion_success"):
        assert [(0, 1.0), (1, 0.0), (2, 1.0)] == points(run, metric)
    assert (1.0, "FINISHED") == (run.metrics["n_failed_calls"], run.status)


def test_a_sweep_is_no_step() -> None:
    """It has one best and one space: to aggregate sweeps is refused at decoration, with the reason."""
    with pytest.raises(ConfigError, match="each call of it is a run"):
        tracked_sweep(per_call="aggregate")  # type: ignore[call-overload]


def test_generators_and_coroutines() -> None:
    """Functions that are stepped are aggregated as well, also when their calls overlap."""

    @tracked_training(per_call="aggregate")
    def epochs(n: int):
        for i in range(n):
            track.log(epoch=i)
            yield i

    @tracked_training(per_call="aggregate")
    async def waits(x: float) -> float:
        await asyncio.sleep(0)
        return x

    async def together() -> None:
        with track.run("parent"):
            await asyncio.gather(*(waits(float(i)) for i in range(5)))

    with captured() as runs:
        assert [(0, 0), (1, 1)] == list(zip(epochs(2), epochs(3), strict=False))
        asyncio.run(together())
        stepped, awaited = runs["epochs"], runs["waits"]
    assert {0, 1} == {step for step, _ in points(stepped, "epoch")}
    assert [(i, float(i)) for i in range(5)] == points(awaited, "result")


def test_secrets_of_later_calls_are_hidden() -> None:
    """The tags of a failure do not tell what any of the calls was given."""

    @tracked_training(per_call="aggregate")
    def logs_in(password: str) -> None:
        raise ValueError(f"refused: {password}")

    @tracked_training(per_call="aggregate")
    def notes(password: str) -> None:
        track.tag(last=f"said {password}")

    with captured() as runs:
        with pytest.raises(ValueError, match="hunter2-of-the-first"):
            logs_in("hunter2-of-the-first")
        for word in ("swordfish-of-one", "swordfish-of-two"):
            notes(word)
        assert "refused: ***" == runs["logs_in"].tags["tracked.error.message"]
        assert "said ***" == runs["notes"].tags["last"]


@pytest.mark.parametrize("wrong", ["agregate", "", 3, True])
def test_another_value_is_told_at_decoration(wrong) -> None:
    """An option that cannot be is an error that names what can be."""
    with pytest.raises(ConfigError, match="'aggregate'"):
        tracked_training(per_call=wrong)


class TestHint:
    def test_a_crowd_of_children_is_told_once(self, capsys) -> None:
        """A parent that passes 100 children a minute: one line names the way out, and no more are said."""

        @tracked_training
        def small(x: int) -> None: ...

        with captured() as runs:
            for name in ("a", "b"):
                with track.run(name):
                    for i in range(150):
                        small(i)
            assert 302 == len(runs.runs)
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "per_call" in line]
        assert 'per_call="aggregate"' in line
        assert "small" in line

    def test_a_few_children_are_none(self, capsys) -> None:
        """100 children a minute are fine, and so are more over a longer time."""

        @tracked_training
        def small(x: int) -> None: ...

        speech.forget()
        with captured(), track.run("a"):
            for i in range(100):
                small(i)
        assert "per_call" not in capsys.readouterr().err

    def test_an_aggregated_function_is_not_told(self, capsys) -> None:
        """Who has taken the advice is left alone."""
        with captured():
            search(300)
        assert "per_call" not in capsys.readouterr().err


def test_values_of_one_call_keep_their_order() -> None:
    """Several values of one key in one call stand at its step, the last one logged last."""

    @tracked_training(per_call="aggregate")
    def loop() -> None:
        for i in range(5):
            track.log({"loss": i}, step=100 + i)

    with captured() as runs:
        with track.run("parent"):
            loop()
            loop()
        run = runs["loop"]
    assert [(0, float(i)) for i in range(5)] + [(1, float(i)) for i in range(5)] == points(run, "loss")
    assert [0.0, 1.0, 2.0, 3.0, 4.0] * 2 == values(run, "loss")
    assert 4.0 == run.metrics["loss"]


def test_switched_off_nothing_is_opened(monkeypatch) -> None:
    """Inside ``track.disabled()`` the function runs, and no run is kept open for it."""
    with captured() as runs:
        with track.disabled():
            assert {"y": 2.0} == score(2.0)
        assert [] == runs.runs


def test_a_thread_without_the_context_is_a_root() -> None:
    """A thread that carries nothing on has a run of its own, closed when it is awaited."""
    with captured() as runs:
        with track.run("parent"):
            thread = threading.Thread(target=score, args=(1.0,))
            thread.start()
            thread.join()
        (run,) = called(runs.runs, "score")
    assert "FINISHED" == run.status
