"""One sweep with either engine; the arguments say which, and how."""

import json
import logging
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import ray
from ray.tune.schedulers import ASHAScheduler

from tracked import track, tracked_sweep, tracked_training
from tracked.errors import ConfigError

SPACE = {"x": ("uniform", 0, 1), "kind": ["a", "b"]}


@tracked_training
def train(x, steps):
    """Logs on the way."""
    for step in range(steps):
        track.log(acc=x * (step + 1))
        time.sleep(float(os.environ.get("SECONDS_A_STEP", "0")))
    return {"acc": x * steps, "size": 7}


def sweep_with(**options):
    """A sweep of eight trials with asynchronous halving."""

    @tracked_sweep(
        **{"space": SPACE, "n_trials": 8, "maximize": "acc", "seed": 1, "pruner": "halving", **options}
    )
    def sweep(x, kind, steps=4):
        if os.environ.get("FAILS_ABOVE") and x > float(os.environ["FAILS_ABOVE"]):
            raise LookupError(f"{x:.3f} is too much")
        if os.environ.get("DIES_ABOVE") and x > float(os.environ["DIES_ABOVE"]):
            os._exit(1)
        track.log(loss=1 - x)
        return train(x, steps)

    return sweep


def interrupt(_sweep, _trial):
    """Ctrl-C between two trials."""
    os.kill(os.getpid(), signal.SIGINT)


def start_ray():
    """As little of it as will do."""
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=80 << 20,
        _node_ip_address="127.0.0.1",
        logging_level="ERROR",
    )


def own():
    """What is the process's own, and none of the sweep's to change."""
    root = logging.getLogger()
    return {
        "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
        "environment": {k: v for k, v in os.environ.items() if k.startswith(("RAY_", "TUNE_", "TRACKED_"))},
        "folder": Path.cwd(),
        "random": random.getstate(),
        "logging": (root.level, *root.handlers),
    }


def main():
    """Run it, and tell what came out."""
    options = json.loads(sys.argv[1])
    given = {"steps": threading.Lock()} if options.pop("locked", None) else {}
    if options.get("engine") == "ray":
        start_ray()
        if options.pop("asha", None):
            options["pruner"] = ASHAScheduler(max_t=100, grace_period=1, reduction_factor=2)
    if options.pop("interrupted", None):
        options["callbacks"] = interrupt
    before = own()
    try:
        found = sweep_with(**options)(**given)
    except (LookupError, RuntimeError, ConfigError, KeyboardInterrupt) as error:
        print(json.dumps(f"{type(error).__name__}: {error}"))
    else:
        after = own()
        trials = [(t.number, dict(t.params), t.values, t.state, dict(t.metrics)) for t in found.trials]
        print(
            json.dumps(
                {
                    "trials": trials,
                    "best": found.best.number,
                    "front": [t.number for t in found.pareto],
                    "changed": [name for name in before if before[name] != after[name]],
                }
            )
        )


if __name__ == "__main__":
    main()
