"""One of several processes that call the same sweep: what it saw goes to stdout, as JSON."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from tracked import track, tracked_sweep, tracked_training
from tracked.process import this_process

STORAGE, TRIALS, BARRIER, DIES_AT, AMONG, PAUSE = sys.argv[1], *map(int, sys.argv[2:6]), float(sys.argv[6])
HERE = []


def meet(number):
    """Wait until so many processes are ready."""
    while len(list(Path().glob("ready-*"))) < number:
        time.sleep(0.01)


@tracked_training
def train(x):
    """Takes a moment."""
    track.log(acc=x / 2, step=0)
    time.sleep(PAUSE)
    return {"acc": x, "size": 7}


@tracked_sweep(n_trials=TRIALS, maximize="acc", sampler="random", storage=STORAGE)
def search(trial):
    """One hyperparameter."""
    HERE.append(trial.number)
    x = trial.suggest_float("x", 0, 1)
    if len(HERE) == DIES_AT:
        meet(AMONG)
        time.sleep(1)
        print(json.dumps({"died_of": trial.number, "x": x}), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return train(x)


import optuna  # noqa: E402, F401 - slow to load: not after the barrier

Path(f"ready-{os.getpid()}").touch()
meet(BARRIER)
sweep = search()
seen = {
    "pid": this_process()["pid"],
    "here": HERE,
    "run": sweep.run.id,
    "best": [
        sweep.best.number,
        sweep.best.value,
        sweep.best.params,
        dict(sweep.best.metrics),
        sweep.best.run.id,
    ],
    "trials": [[trial.number, trial.state, trial.params, dict(trial.metrics)] for trial in sweep.trials],
    "missing": sweep.missing(),
}
print(json.dumps(seen), flush=True)
