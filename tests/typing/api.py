"""What type checkers must see; read by mypy and pyright, never run.

Each ignored line is an error that has to be found: an ignore without one is an error too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

import optuna
from typing_extensions import assert_type

from tracked import (
    Kind,
    decorator_for,
    track,
    tracked_benchmark,
    tracked_conversion,
    tracked_sweep,
    tracked_training,
)
from tracked.explaining import Verdict
from tracked.kinds.sweep_values import Sweep, Trial
from tracked.plan import Options


@tracked_training
def train(lr: float, epochs: int = 3) -> dict[str, float]:
    return {"acc": lr * epochs}


assert_type(train(0.1), dict[str, float])
assert_type(train(lr=0.1, epochs=5), dict[str, float])
assert_type(train.untracked(0.1), dict[str, float])
assert_type(train.key(0.1, epochs=2), str)
assert_type(train.explain(0.1), Verdict)
train.find(0.1, epochs=2)
train.runs()
train("0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
train(0.1, epoch=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
train()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
train.untracked("0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
train.find("0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
train.explain()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
train.key()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

as_argument: Callable[[float, int], dict[str, float]] = train
wrong_argument: Callable[[str], dict[str, float]] = train  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


# Options are known by name and type, for every kind.


@tracked_training(
    name="fine-tuning", experiment="digits", tags={"team": "ner"}, monitor="acc", per_call="aggregate"
)
def tune(lr: float) -> float:
    return lr


@tracked_training(on_existing="reuse", key=["lr"], ignore="note", key_code=True, expires="7d")
def remembered(lr: float, note: str = "") -> float:
    return lr


assert_type(remembered(0.1), float)
tracked_training(on_existing="reused")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


@tracked_benchmark(name="latency")
def benchmark(model: str) -> float:
    return float(len(model))


@tracked_conversion
def convert(model: str) -> bytes:
    return model.encode()


@tracked_benchmark(warmup=1, repeat=20, budget=2.5, precision=0.05, batch_sizes=[1, 8])
def timed(model: str, batch_size: int = 1) -> list[str]:
    return [model] * batch_size


@tracked_conversion(verify=bool, rtol=1e-2, atol=0)
def checked(model: str) -> bytes:
    return model.encode()


assert_type(timed("svm"), list[str])
assert_type(checked("svm"), bytes)
tracked_benchmark(repeats=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
tracked_conversion(verify=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
assert_type(tune(0.1), float)
assert_type(benchmark("distilbert"), float)
assert_type(convert("distilbert"), bytes)
tracked_training(nam="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
tracked_training(name=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


# Each kind takes the common options and its own, and no other's.


@tracked_benchmark(per_call="aggregate", tags={"team": "ner"}, monitor="ms", repeat=3)
def each(n: int) -> float:
    return float(n)


@tracked_conversion(per_call="aggregate", name="onnx", experiment="digits", model=False, atol=1)
def every(n: int) -> bytes:
    return bytes(n)


assert_type(each(3), float)
assert_type(every(n=3), bytes)
tracked_benchmark(per_call="aggregated")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
tracked_conversion(repeat=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
tracked_benchmark(rtol=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
tracked_training(n_trials=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
tracked_sweep(warmup=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
tracked_sweep(per_call="run", tags={"team": "ner"}, model=True, monitor="acc")
tracked_sweep(per_call="aggregate")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
tracked_training("name")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
tracked_training(name="x")()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
tracked_training(name="x")(name="y")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


# Methods bind, with their signature.  mypy cannot tell a descriptor how its owner's decorators look, so the two
# lines that it alone rejects are marked; pyright sees all of them right.


class Trainer:
    @tracked_training
    def fit(self, lr: float) -> float:
        return lr

    @classmethod
    @tracked_training
    def restore(cls, path: str) -> str:
        return path

    @staticmethod
    @tracked_training(name="static")
    def score(acc: float) -> float:
        return acc


assert_type(Trainer().fit(0.1), float)
assert_type(Trainer.fit(Trainer(), 0.1), float)  # type: ignore[arg-type, call-arg]
assert_type(Trainer().fit.key(0.1), str)
assert_type(Trainer.restore("x"), str)
assert_type(Trainer().score(0.9), float)  # type: ignore[call-arg]
Trainer().fit("0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Trainer().fit(0.1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# Coroutines and generators stay what they are.


@tracked_training
async def fetch(url: str) -> bytes:
    return url.encode()


@tracked_training
def epochs(n: int) -> Iterator[float]:
    yield float(n)


@tracked_training
async def stream(n: int) -> AsyncIterator[int]:
    yield n


@tracked_benchmark(name="ms")
async def answer(n: int) -> str:
    return str(n)


@tracked_conversion(name="parts")
def parts(n: int) -> Iterator[bytes]:
    yield bytes(n)


async def other_kinds() -> None:
    assert_type(await answer(3), str)
    assert_type(await answer.untracked(3), str)
    for part in parts(3):
        assert_type(part, bytes)


async def coroutines() -> None:
    assert_type(await fetch("u"), bytes)
    for acc in epochs(3):
        assert_type(acc, float)
    async for n in stream(3):
        assert_type(n, int)
    await fetch(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# A sweep supplies the trial and gives back a Sweep.


@tracked_sweep(n_trials=20, maximize="acc", seed=1)
def sweep(trial: optuna.Trial, model: str = "svm") -> dict[str, float]:
    return train(trial.suggest_float("lr", 0, 1), epochs=len(model))


class Searcher:
    @tracked_sweep(
        n_trials=3, catch=ValueError, callbacks=lambda sweep, trial: print(sweep.best, trial.value)
    )
    def search(self, trial: optuna.Trial, high: float) -> float:
        return trial.suggest_float("x", 0, high)

    @tracked_sweep
    def loop(self, n: int) -> list[int]:
        return [n]


@tracked_sweep(maximize="acc", catch=(ValueError, KeyError))
async def awaited(study: optuna.Study) -> optuna.Study:
    return study


async def awaited_sweeps(study: optuna.Study) -> None:
    assert_type(await awaited(study), optuna.Study)


assert_type(Searcher().search(0.5), Sweep)
assert_type(Searcher().loop(3), list[int])
Searcher().search("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
assert_type(sweep(), Sweep)
assert_type(sweep(model="forest"), Sweep)
assert_type(sweep().trials, Sequence[Trial])
assert_type(sweep().best, Trial | None)
sweep(modell="forest")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
tracked_sweep(n_trial=20, maximize="acc")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


# A kind of one's own has the same face.

tracked_evaluation = decorator_for(Kind(stage="evaluation"))


@tracked_evaluation
def evaluate(dataset: str) -> float:
    return float(len(dataset))


assert_type(evaluate("v2"), float)
tracked_evaluation(name="x", per_call="aggregate")
tracked_evaluation(nam="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Options):
    split: str = "test"


tracked_split = decorator_for(Kind("evaluation"), EvaluationOptions)


@tracked_split(split="dev", monitor="acc")
def on_split(dataset: str) -> float:
    return float(len(dataset))


assert_type(on_split("v2"), float)
tracked_split(split=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
tracked_split(spilt="dev")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


# The block face.


def blocks() -> None:
    with track.run("evaluation", dataset="v2"):
        track.log(acc=0.9)
        track.log({"val/acc": 0.9}, step=3)
        for epoch in track.progress(range(3)):
            assert_type(epoch, int)


assert_type(track.bind(convert)("svm"), bytes)
track.bind(convert)(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
