"""A trial of a sweep that computes nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

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
    one = Row(what, shown_time(median(ours)), other, shown_time(median(theirs)), ratio, "at most 1 ms")
    return [one, *_callback(folder, median(ours), rounds), _at_once(3 if quick else 5)]


def _callback(folder: Path, ours: float, rounds: int) -> list[Row]:
    """A trial with Optuna's own callback for MLflow; nothing where it is not installed."""
    import warnings

    try:
        from optuna_integration import MLflowCallback
    except ImportError:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is experimental
        callback = MLflowCallback(f"sqlite:///{folder}/sweep.db", metric_name="acc")
    begun: list[float] = []

    def objective(trial) -> float:
        begun.append(perf_counter())
        return _nothing(trial)["acc"]

    _study().optimize(objective, n_trials=10 * rounds, callbacks=[callback])
    theirs = median(after - before for before, after in pairwise(begun))
    what = "a trial of a sweep, as above"
    return [Row(what, shown_time(ours), "Optuna's MLflowCallback, sqlite", shown_time(theirs), ours / theirs)]


def _at_once(rounds: int) -> Row:
    """Eight trials of one second, four at once: whether anything of ours keeps them waiting for each other."""
    import optuna

    @tracked.tracked_sweep(n_trials=8, n_jobs=4, maximize="acc", sampler="random")
    def sweep(trial):
        sleep(1)
        return _nothing(trial)

    def bare() -> None:
        def objective(trial) -> float:
            sleep(1)
            return _nothing(trial)["acc"]

        study.optimize(objective, n_trials=8, n_jobs=4)

    study = _study()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ours, theirs = zip(*((timed(sweep, 1), timed(bare, 1)) for _ in range(rounds)), strict=True)
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    what = "8 trials of 1 s, n_jobs=4"
    return Row(
        what, shown_time(median(ours)), "undecorated", shown_time(median(theirs)), ratio, "at most 1.1"
    )


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
