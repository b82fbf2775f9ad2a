"""A module of decorated functions, and programs that submit them and look at what came of it."""

from __future__ import annotations

import textwrap

from tests.azure.emulator import names
from tests.azure.genuine.programs import run

MODULE = """
    import time
    from tracked import track, tracked_sweep, tracked_training

    @tracked_training
    def train(lr: float, data: str = "", texts: tuple = ()):
        for i in range(3):
            track.log(loss=lr / (i + 1))
        track.artifact(b"weights", "model.bin")
        with track.run("evaluation"):
            track.log(f1=0.5)
        return {"acc": 1 - lr}

    @tracked_training
    def slow(n: int):
        for i in range(n):
            track.log(loss=float(i))
            time.sleep(0.05)

    @tracked_sweep(
        space={"lr": ("loguniform", 1e-4, 1e-1), "opt": ["adam", "sgd"], "layers": ("int", 1, 3)},
        n_trials=2, n_jobs=2, maximize="acc", seed=3, pruner="median",
    )
    def search(lr: float, opt: str, layers: int, epochs: int = 2):
        for _ in range(epochs):
            track.log(loss=lr * layers)
        return {"acc": 1 - lr}
"""
_BY_CLIENT = """
    import json, tracked, work
    client = tracked.create_ml_client_from_config()
    tracked.setup_mlflow("jobs", ml_client=client, fallback_to_local=False)
"""
_BY_URI = f"""
    import json, tracked
    tracked.setup_mlflow("jobs", tracking_uri={names.TRACKING_URI!r}, fallback_to_local=False)
"""


def submitted(program: str):
    """What this program tells, which has a client and the functions, and what it said."""
    return run(textwrap.dedent(_BY_CLIENT) + textwrap.dedent(program))


def found(program: str):
    """The same of a program that only looks: to load a client takes longer than all the rest."""
    return run(textwrap.dedent(_BY_URI) + textwrap.dedent(program))[0]
