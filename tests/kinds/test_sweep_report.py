"""The report that a sweep keeps of itself."""

from __future__ import annotations

import optuna
import pytest

from tests.reports.reading import read
from tracked import configure, track, tracked_sweep, tracked_training
from tracked import tags as t
from tracked.testing import captured


@tracked_training
def train(x):
    """It gets better from step to step."""
    for step in range(4):
        track.log(acc=x * step)
    return {"acc": x * 4}


@tracked_sweep(n_trials=10, maximize="acc", seed=1)
def sweep(trial, api_key="", limit=2.0):
    """Ten trials, some of which fail."""
    x, how = trial.suggest_float("x", 0, 1), trial.suggest_categorical("how", ["plain", "hunter22hunter22"])
    if x > limit:
        raise ValueError(how)
    return train(x)


def page_of(runs, name="sweep"):
    """The page among the artifacts of the run."""
    return runs[name].artifacts["report.html"].decode()


def test_a_sweep_keeps_a_report_of_what_it_has_tried():
    """Best so far, importance, the course of each trial and the state at the end are in the run's report.html."""
    with captured() as runs:
        found = sweep()
    told = read(page_of(runs))
    for part in ("Best so far", "Importance", "How each trial went", "Each parameter by itself", "Trials"):
        assert part in told.headings
    assert f"{found.best.value:.5g}" in told.text
    assert "FINISHED" in told.text


def test_the_description_says_what_the_objective_goes_with():
    """What the report measures is told where the run is looked at first, beside the file that shows it."""
    with captured() as runs:
        sweep()
    run = runs["sweep"]
    assert "It goes most with `x` " in run.tags[t.MLFLOW_NOTE]
    assert "`report.html` (" in run.tags[t.MLFLOW_NOTE]


def test_a_sweep_that_fails_keeps_its_report_too():
    """What was tried until then is there, and the reason, under the end state that the run has."""
    with captured() as runs, pytest.raises(ValueError, match=r"plain|hunter"):
        sweep(limit=0.0)
    told = read(page_of(runs))
    assert "FAILED" in told.text
    assert "ValueError" in told.text or "plain" in told.text


def test_a_report_tells_no_secrets():
    """A choice that is the secret which the call was given is hidden, as it is in params."""
    with captured() as runs:
        sweep(api_key="hunter22hunter22")
    assert "hunter22" not in page_of(runs)
    assert "plain" in page_of(runs)


def test_the_switch_turns_it_off():
    """With log_report = false there is none, and the description does not name it; all else is as it was."""
    with captured() as runs:
        configure(switches={"sweep": {"log_report": False}})
        sweep()
    run = runs["sweep"]
    assert ["search_space.json"] == [name for name in run.artifacts if "/" not in name]
    assert "report.html" not in run.tags[t.MLFLOW_NOTE]


def test_a_sweep_that_is_not_tracked_makes_none():
    """Without tracking it searches as ever."""
    with captured() as runs, track.disabled():
        found = sweep()
    assert [] == runs.runs
    assert found.best


def test_a_study_that_the_function_owns_has_a_report():
    """A sweep whose function calls study.optimize keeps the same, as far as its study tells it."""

    @tracked_sweep(maximize="acc")
    def own():
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=9)
        return study

    with captured() as runs:
        own()
    assert "Importance" in read(page_of(runs, "own")).headings
