"""A sweep whose space is declared: the function gets what was chosen, as arguments."""

import inspect
from contextlib import suppress

import pytest
from optuna.distributions import FloatDistribution
from optuna.pruners import MedianPruner

from tests.scripts import called, parent_of
from tracked import tags as t
from tracked import track, tracked_sweep, tracked_training
from tracked.errors import ConfigError
from tracked.testing import captured

SPACE = {"x": ("uniform", 0, 1), "kind": ["a", "b"]}


def trials_of(runs):
    """The stored trials."""
    return [run for run in runs.runs if run.tags.get(t.STAGE) == "hpo_trial"]


def sweep_with(space, **options):
    """A sweep over this space of ``x`` and ``kind``."""

    @tracked_sweep(**{"space": space, "n_trials": 3, "maximize": "acc", "seed": 1, **options})
    def sweep(x, kind="a", *, scale=1):
        return {"acc": x * scale}

    return sweep


def test_each_hyperparameter_is_an_argument():
    """The caller gives the rest; the values are params of the trial and, for the best, of the sweep."""
    with captured() as runs:
        found = sweep_with(SPACE)(scale=2)
        trials = trials_of(runs)
        assert ["sweep"] * 3 == [parent_of(runs.runs, trial) for trial in trials]
    assert [{"x", "kind"}] * 3 == [set(trial.params) for trial in found.trials]
    assert [2 * trial.params["x"] for trial in found.trials] == [trial.value for trial in found.trials]
    assert [trial.params["kind"] for trial in found.trials] == [run.params["kind"] for run in trials]


def test_the_signature_is_what_the_caller_gives():
    """What the space fills in is no argument of the sweep."""
    assert "(*, scale=1)" == str(inspect.signature(sweep_with(SPACE)))


def test_spaces_in_a_space_are_dicts():
    """A group of hyperparameters arrives as one argument; its fixed values with it, which are not searched."""

    @tracked_sweep(
        space={"adam": {"lr": ("loguniform", 1e-5, 0.1), "eps": 1e-8}}, n_trials=2, minimize="loss"
    )
    def sweep(adam):
        assert 1e-8 == adam["eps"]
        return {"loss": adam["lr"]}

    with captured():
        found = sweep()
    assert {"adam.lr"} == set(found.best.params)
    assert found.best.value == found.best.params["adam.lr"]


def test_a_space_may_ask_the_trial():
    """A function of the trial: what is asked depends on what was chosen."""

    def define(trial):
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return {"kind": kind, "x": trial.suggest_float("x", 0, 1) if kind == "a" else 0.5}

    with captured():
        found = sweep_with(define, n_trials=8)()
    assert {("a", True), ("b", False)} == {
        (trial.params["kind"], "x" in trial.params) for trial in found.trials
    }
    assert {0.5} == {trial.value for trial in found.trials if trial.params["kind"] == "b"}


def test_one_space_in_any_form_is_one_study():
    """What is searched is part of the study's key, however it is written."""

    def key_of(space):
        with captured() as runs:
            sweep_with(space, n_trials=1)()
            return called(runs.runs, "sweep")[0].tags[t.STUDY_KEY_HASH]

    def define(trial):
        return {"x": trial.suggest_float("x", 0, 1), "kind": trial.suggest_categorical("kind", ["a", "b"])}

    azure = {
        "x": {"type": "uniform", "min_value": 0, "max_value": 1},
        "kind": {"type": "choice", "values": ["a", "b"]},
    }
    optuna = {"kind": ("a", "b"), "x": FloatDistribution(0, 1)}
    assert 1 == len(set(map(key_of, (SPACE, define, azure, optuna))))
    assert key_of(SPACE) != key_of({**SPACE, "x": ("uniform", 0, 2)})


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"x": ("uniform", 1, 0)}, "x is empty: 1 is above 0"),
        ({"x": ("loguniform", 0, 1)}, "x is on a log scale, which has no 0"),
        ({"x": []}, "x has no choices"),
        ({"x": ("quniform", 0, 1, 0)}, "x has a step of 0"),
        ({"x": {"type": "uniform", "min": 1}}, "x lacks a bound"),
        ({"x": {"lr": ("int", 0.5, 1)}}, "x.lr is of whole numbers"),
        ({"x": ("normal", 0, 1)}, "x is 'normal', which has no bounds"),
        ({"x": ("randint", 0, 1)}, 'write ("int", low, high)'),
        ({"x": ("uniform", float("nan"), 1)}, "bound that is no number"),
        ({"x": object()}, "x is no distribution that can be read"),
        ({}, "a search space is a mapping by name"),
        ("x", "a search space is a mapping by name"),
        (lambda trial: None, "returns the values by name"),
        ({"x": [1], "xx": [2]}, "there is no argument 'xx'"),
    ],
)
def test_a_space_that_cannot_be_is_refused_where_it_is_written(space, said):
    """At decoration, naming the hyperparameter."""
    with pytest.raises(ConfigError) as caught:
        sweep_with(space)
    assert said in str(caught.value)


@tracked_training
def train(x, steps):
    """Logs on the way, and keeps its own errors to itself."""
    for step in range(steps):
        with suppress(Exception):  # as trainings do
            track.log(acc=x, step=step)
    return {"acc": x}


def test_a_hopeless_trial_ends_where_it_logs():
    """With a pruner and without a trial to ask, the log call ends it: pruned, its training stopped, nothing failed."""

    @tracked_sweep(
        space={"x": [9, 8, 7, 6, 1, 0]},
        n_trials=6,
        maximize="acc",
        sampler="grid",
        seed=3,
        pruner=MedianPruner(2),
    )
    def sweep(x):
        return train(x, 3)

    with captured() as runs:
        found = sweep()
        trials, trainings = trials_of(runs), called(runs.runs, "train")
    states = [trial.state for trial in found.trials]
    assert {"complete", "pruned"} == set(states)
    assert states == [run.tags[t.TRIAL_STATE] for run in trials]
    assert ["FINISHED"] * 6 == [run.status for run in trials]
    ends = {"complete": ("FINISHED", 3), "pruned": ("KILLED", 1)}
    assert [ends[state] for state in states] == [
        (run.status, sum(point.key == "acc" and point.step < 3 for point in run.points)) for run in trainings
    ]


def test_nobody_is_pruned_who_did_not_ask():
    """Without ``pruner=`` each trial runs to its end, whatever the engine's own choice would be."""

    @tracked_sweep(space={"x": [9, 8, 7, 6, 1, 0]}, n_trials=6, maximize="acc", sampler="grid", seed=3)
    def sweep(x):
        return train(x, 3)

    with captured():
        assert {"complete"} == {trial.state for trial in sweep().trials}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "ray", "space": None}, "say what to choose from"),
        ({"engine": "rya"}, "did you mean 'ray'?"),
        ({"resources": {"cpu": 1}}, 'for engine="ray"'),
    ],
)
def test_what_an_engine_cannot_do_is_refused_where_it_is_written(options, said):
    """Workers get values and no trial; what only they understand is for them."""
    with pytest.raises(ConfigError) as caught:
        sweep_with(**{"space": SPACE, **options})
    assert said in str(caught.value)


def test_an_engine_that_is_not_there_is_said(monkeypatch):
    """Which one, and how to get it."""
    monkeypatch.setattr("tracked.kinds.sweep_options.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"tracked\[ray\]"):
        sweep_with(SPACE, engine="ray")
