"""Odd ways in which a call ends, and the end that its run has in MLflow."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import optuna
import pytest

from tests.rows.acts import Runs, on_both, on_sqlite
from tracked import tags as t
from tracked import track, tracked_sweep, tracked_training


@tracked_training
def raising(error: Any, password: str = "hunter2-hunter2") -> None:
    """Tells a secret."""
    raise error(f"no log-in with {password}, naïve\n" * 500)


def caught(call: Any, kind: type[BaseException]) -> BaseException:
    """The exception, which must be the user's own."""
    with pytest.raises(kind) as found:
        call()
    return found.value


@on_both()
def an_exception() -> BaseException:
    """One with a long text."""
    return caught(lambda: raising(ValueError), ValueError)


def test_an_exception(runs_of_both):
    """The caller gets its exception, the run is FAILED, and type, message and traceback are kept without secrets."""
    error, run = runs_of_both.results["an_exception"], runs_of_both["raising"]
    assert "hunter2-hunter2" in str(error)
    assert error.__cause__ is error.__context__ is None
    assert ("FAILED", "ValueError") == (run.status, run.tags[t.ERROR_TYPE])
    assert run.tags[t.ERROR_MESSAGE].startswith("no log-in with ***, naïve")
    assert "no log-in with ***, naïve" in run.tags[t.ERROR_TRACEBACK]
    assert "hunter2" not in str(run)


@tracked_training
def ends(error: Any) -> None:
    """In one of the ways."""
    raise error


@on_sqlite()
def odd_ends() -> None:
    """Ctrl-C and exits."""
    for error in (KeyboardInterrupt(), SystemExit(0), SystemExit(3)):
        assert error is caught(lambda error=error: ends(error), type(error))


def ended(runs: Runs, status: str) -> list[str]:
    """What was raised in the runs that ended so."""
    return sorted(run.tags.get(t.ERROR_MESSAGE, "") for run in runs.called("ends") if run.status == status)


def test_ctrl_c(runs):
    """Ctrl-C is KILLED: nobody found a fault."""
    (run,) = (run for run in runs.called("ends") if run.status == "KILLED")
    assert "interrupted from the keyboard" == run.tags[t.END_REASON]


def test_system_exit(runs):
    """``sys.exit(0)`` is success, any other exit is none."""
    assert ([""], ["3"]) == (ended(runs, "FINISHED"), ended(runs, "FAILED"))


WAITS = """
import time
from tracked import sync, track, tracked_training

@tracked_training
def terminated():
    track.log(acc=0.5)
    sync()  # so that its run is seen to be open, and waited for
    print("ready", flush=True)
    time.sleep(600)

terminated()
"""


@on_sqlite()
def sigterm() -> int:
    """A process of its own, which shares the shipper."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        assert b"ready\n" == child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        return child.wait(60)


def test_sigterm(runs):
    """A process that SIGTERM ends dies as it would without us, and its run is KILLED with all that it logged."""
    assert -signal.SIGTERM == runs.results["sigterm"]
    assert ("KILLED", {"acc": 0.5}) == (runs["terminated"].status, runs["terminated"].metrics)


@on_sqlite()
@tracked_sweep(n_trials=2, maximize="acc", seed=1)
def pruning(trial: Any) -> dict[str, float]:
    trial.suggest_float("x", 0, 1)
    track.log(acc=0.5)
    if trial.number == 1:
        raise optuna.TrialPruned
    return {"acc": 0.5}


def trials(runs: Runs, sweep: str) -> dict[str, Any]:
    """The trials of a sweep, by number."""
    found = (run for run in runs.stored.values() if runs.parent(run) is runs[sweep])
    return {run.tags[t.TRIAL_NUMBER]: run for run in found}


def test_a_pruned_trial(runs):
    """A pruned trial is FINISHED, and its state is a tag."""
    found = trials(runs, "pruning")
    assert {"0": ("FINISHED", "complete"), "1": ("FINISHED", "pruned")} == {
        number: (run.status, run.tags[t.TRIAL_STATE]) for number, run in found.items()
    }
    assert 1.0 == runs["pruning"].metrics["n_pruned_trials"]


@tracked_sweep(n_trials=3, maximize="acc", seed=1)
def interrupted(trial: Any) -> dict[str, float]:
    """In its second trial."""
    trial.suggest_float("x", 0, 1)
    if trial.number == 1:
        raise KeyboardInterrupt
    return {"acc": 0.5}


@on_sqlite()
def interrupts() -> None:
    """As a person would."""
    caught(interrupted, KeyboardInterrupt)


def test_ctrl_c_in_a_sweep(runs):
    """Trial and sweep are KILLED; the trials before are kept, and so is the best of them."""
    sweep = runs["interrupted"]
    assert ["FINISHED", "KILLED"] == [run.status for _, run in sorted(trials(runs, "interrupted").items())]
    assert ("KILLED", "0", 0.5) == (sweep.status, sweep.tags[t.BEST_TRIAL_NUMBER], sweep.metrics["acc"])
