"""A pipeline of four steps: the second pass runs nothing."""

import json

from tests.scripts import Store

PIPELINE = """
import json, sys
from pathlib import Path
from typing import NamedTuple
import numpy as np
from tracked import track, tracked_benchmark, tracked_conversion, tracked_sweep, tracked_training

ran = []

class Trained(NamedTuple):
    path: Path
    weights: np.ndarray

@tracked_training
def attempt(x):
    ran.append("attempt")
    return {"acc": 1 - (x - 0.3) ** 2}

@tracked_sweep(n_trials=5, maximize="acc", seed=1, on_existing="reuse")
def sweep(trial):
    ran.append("sweep")
    return attempt(trial.suggest_float("x", 0, 1))

@tracked_training(on_existing="reuse", key_code=True)
def train(params: dict) -> Trained:
    ran.append("train")
    np.save("model.npy", np.full(3, params["x"]))
    return Trained(Path("model.npy"), np.full(3, params["x"]))

@tracked_conversion(on_existing="reuse")
def convert(path: Path, format="bin") -> Path:
    ran.append("convert")
    Path("model.bin").write_bytes(path.read_bytes())
    return Path("model.bin")

@tracked_benchmark(on_existing="reuse", repeat=3, warmup=0)
def benchmark(path: Path) -> int:
    ran.append("benchmark")
    return len(path.read_bytes())

def pipeline():
    best = sweep().best
    trained = train(best.params)
    converted = convert(trained.path)
    return best.value, trained.weights.tolist(), str(converted), benchmark(converted)

passes = []
with track.run("pipeline"):
    for _ in range(2):
        ran.clear()
        passes.append([pipeline(), list(ran)])
print(json.dumps(passes))
"""


def test_the_second_pass_of_a_pipeline_runs_no_function(tmp_path):
    """In the same process, and in a new one: sweep, training, conversion and benchmark give back what they gave."""
    store = Store(tmp_path)
    outputs = [json.loads(store.python(PIPELINE).stdout) for _ in range(2)]
    (first, ran), *others = [one for output in outputs for one in output]
    assert {"attempt", "sweep", "train", "convert", "benchmark"} == set(ran)
    assert [[first, []]] * 3 == others
    assert 1 + 1 + 5 + 5 + 3 + 1 == len(store.runs)
