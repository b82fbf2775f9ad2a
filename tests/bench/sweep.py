"""A trial of a sweep that computes nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

import tracked
from tests.bench.table import Row, shown_time, timed
from tracked.sweeps import Search


def _nothing(trial) -> dict[str, float]:
    """Draw one number and return it."""
    return {"acc": trial.suggest_float("x", 0, 1)}


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """A trial of ours, and all that Optuna itself takes, against a nested run written by hand around the same trial."""
    import mlflow

    rounds, trials = (3, 100) if quick else (7, 200)
    tracked.setup_mlflow(tracking_uri=f"records://{folder}/sweep.records")
    begun: list[float] = []

    @tracked.tracked_sweep(n_trials=trials, maximize="acc", sampler="random")
    def sweep(trial):
        begun.append(perf_counter())
        return _nothing(trial)

    sweep()
    mlflow.set_tracking_uri(f"sqlite:///{folder}/sweep.db")
    ours, theirs, bare = [], [], []
    for _ in range(rounds):
        begun.clear()
        sweep()
        ours.append(median(after - before for before, after in pairwise(begun)))
        theirs.append(_by_hand(10))
        bare.append(_bare(trials))
    tracked.sync()
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    what = f"a trial of a sweep (Optuna alone: {shown_time(median(bare))})"
    other = "a nested run by hand, MLflow on sqlite"
    return [Row(what, shown_time(median(ours)), other, shown_time(median(theirs)), ratio, "at most 1 ms")]


def _by_hand(trials: int) -> float:
    import mlflow

    study = _study()

    def trial() -> None:
        asked = study.ask()
        with mlflow.start_run(nested=True):
            result = _nothing(asked)
            mlflow.log_params(asked.params)
            mlflow.log_metrics(result)
        study.tell(asked, result["acc"])

    with mlflow.start_run():
        return timed(trial, trials)


def _bare(trials: int) -> float:
    study = _study()

    def trial() -> None:
        asked = study.ask()
        study.tell(asked, _nothing(asked)["acc"])

    return timed(trial, trials)


def _study():
    from tracked.sweeps.optuna_engine import OptunaEngine

    return OptunaEngine(Search(maximize="acc", sampler="random")).study
