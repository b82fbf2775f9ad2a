"""What type checkers must see; read by mypy and pyright, never run.

Each ignored line is an error that has to be found: an ignore without one is an error too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence

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
from tracked.kinds import Sweep
from tracked.kinds.sweep_values import Trial


@tracked_training
def train(lr: float, epochs: int = 3) -> dict[str, float]:
    return {"acc": lr * epochs}


assert_type(train(0.1), dict[str, float])
assert_type(train(lr=0.1, epochs=5), dict[str, float])
assert_type(train.untracked(0.1), dict[str, float])
assert_type(train.key(0.1, epochs=2), str)
train("0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
train(0.1, epoch=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
train()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
train.untracked("0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
train.key()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

as_argument: Callable[[float, int], dict[str, float]] = train
wrong_argument: Callable[[str], dict[str, float]] = train  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


# Options are known by name and type, for every kind.


@tracked_training(
    name="fine-tuning", experiment="digits", tags={"team": "ner"}, monitor="acc", per_call="aggregate"
)
def tune(lr: float) -> float:
    return lr


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


# The block face.


def blocks() -> None:
    with track.run("evaluation", dataset="v2"):
        track.log(acc=0.9)
        track.log({"val/acc": 0.9}, step=3)
        for epoch in track.progress(range(3)):
            assert_type(epoch, int)


assert_type(track.bind(convert)("svm"), bytes)
track.bind(convert)(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
