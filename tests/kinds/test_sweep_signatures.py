"""A sweep's function may have its ``trial`` anywhere; the caller never gives it."""

import asyncio
import inspect

import optuna
import pytest

from tests.scripts import called, parent_of
from tracked import tags as t
from tracked import tracked_sweep, tracked_training
from tracked.errors import ConfigError
from tracked.testing import captured


@tracked_training
def train(x):
    """A training inside a sweep."""
    return {"acc": x}


def x_of(trial):
    """One hyperparameter."""
    return trial.suggest_float("x", 0, 1)


def trials_of(runs):
    """The stored trials."""
    return [run for run in runs.runs if run.tags.get(t.STAGE) == "hpo_trial"]


def first(trial, a, b=2):
    """First."""
    return {"acc": x_of(trial), "sum": a + b}


def second(a, trial, b=2):
    """Second, before another one."""
    return {"acc": x_of(trial), "sum": a + b}


def keyword(a, b=2, *, trial):
    """By name only."""
    return {"acc": x_of(trial), "sum": a + b}


def last(a, b=2, trial=None):
    """With a default of its own."""
    return {"acc": x_of(trial), "sum": a + b}


class TestSignatures:
    """``trial`` stands anywhere; the caller never gives it."""

    @pytest.mark.parametrize("function", [first, second, keyword, last])
    @pytest.mark.parametrize(("args", "kwargs"), [((1,), {}), ((1, 5), {}), ((), {"a": 1}), ((1,), {"b": 5})])
    def test_the_rest_is_called_as_ever(self, function, args, kwargs):
        """Further arguments go by position or by name, and are the params of the sweep."""
        sweep = tracked_sweep(n_trials=2, maximize="acc")(function)
        b = kwargs.get("b", 5 if len(args) > 1 else 2)
        assert "(a, b=2)" == str(inspect.signature(sweep))
        with captured() as runs:
            sweep(*args, **kwargs)
            parent = runs[function.__name__]
            assert [1.0 + b] * 2 == [run.metrics["sum"] for run in trials_of(runs)]
        assert ("1", str(b)) == (parent.params["a"], parent.params["b"])
        assert "trial" not in parent.params

    def test_the_key_needs_no_trial(self):
        """The key of a sweep is that of its other arguments."""
        sweep = tracked_sweep(n_trials=2)(second)
        assert sweep.key(1) == sweep.key(1.0, 2) == sweep.key(a=1, b=2) != sweep.key(2)

    def test_a_call_that_does_not_fit_is_a_type_error(self):
        """No sweep begins."""
        with captured() as runs:
            with pytest.raises(TypeError, match="missing"):
                tracked_sweep(n_trials=2)(first)()
            assert [] == runs.runs

    def test_a_method(self):
        """The search may be a method of what it searches for."""

        class Searcher:
            def __init__(self, high):
                self.high = high

            @tracked_sweep(n_trials=2, maximize="acc")
            def search(self, trial, low):
                return {"acc": trial.suggest_float("x", low, self.high)}

        with captured() as runs:
            handle = Searcher(3).search(2)
            assert {"low": "2"}.items() <= runs["search"].params.items()
        assert all(2 <= trial.value <= 3 for trial in handle.trials)

    def test_without_a_trial_the_function_owns_its_loop(self):
        """It returns what it returns, and its trainings are children of the sweep."""

        @tracked_sweep
        def grid(values_):
            return {"acc": max(train(x)["acc"] for x in values_)}

        with captured() as runs:
            assert {"acc": 3} == grid([1, 3, 2])
            assert ["grid"] * 3 == [parent_of(runs.runs, run) for run in called(runs.runs, "train")]
            assert ("hpo", {"acc": 3.0}) == (runs["grid"].tags[t.STAGE], runs["grid"].metrics)

    def test_a_coroutine_function_may_own_its_loop(self):
        """Only with ``trial`` it is refused, at decoration, since nobody could await it."""

        @tracked_sweep
        async def grid():
            return {"acc": train(1)["acc"]}

        with captured():
            assert {"acc": 1} == asyncio.run(grid())
        with pytest.raises(ConfigError, match="'trial' for plain functions only"):

            @tracked_sweep
            async def sweep(trial):
                """Would never be awaited."""

    def test_untracked_takes_the_trial(self):
        """The function itself can still be used with a study of the user's own."""
        sweep = tracked_sweep(n_trials=2)(first)
        study = optuna.create_study()
        with captured() as runs:
            assert {"acc", "sum"} == set(sweep.untracked(study.ask(), 1))
            assert [] == runs.runs
