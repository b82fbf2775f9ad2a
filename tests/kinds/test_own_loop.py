"""A sweep whose function takes no ``trial``: its own loop, read at the end."""

import asyncio
import math

import optuna
import pytest

from tests.kinds.test_sweep import train, x_of
from tests.scripts import called, parent_of
from tracked import tags as t
from tracked import tracked_sweep
from tracked.testing import captured


def searched(study, n_trials=3):
    """A loop of Optuna's own around trainings."""
    study.optimize(lambda trial: train(x_of(trial))["acc"], n_trials=n_trials)
    return study


def new_study(**options):
    """A study that repeats."""
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1), **options)


class TestStudy:
    @pytest.mark.parametrize("how", ["returned", "in a tuple", "in a mapping", "given"])
    def test_it_is_read_for_its_best(self, how):
        """Whether it is returned or was given: best metric, hyperparameters, counts, direction and space."""
        study = new_study(direction="maximize")

        @tracked_sweep(maximize="acc")
        def search(given=None):
            searched(study)
            return {"returned": study, "in a tuple": (study, 1), "in a mapping": {"study": study}}.get(how)

        with captured() as runs:
            result = search(study) if how == "given" else search()
            sweep = runs["search"]
            assert ["search"] * 3 == [parent_of(runs.runs, run) for run in called(runs.runs, "train")]
        assert how != "returned" or result is study
        assert study.best_value == sweep.metrics["acc"]
        assert repr(study.best_params["x"]) == sweep.params["best_x"]
        assert [3, 3, 0, 0] == [
            sweep.metrics[name]
            for name in ("n_trials", "n_complete_trials", "n_pruned_trials", "n_failed_trials")
        ]
        assert ("maximize", "acc", str(study.best_trial.number)) == (
            sweep.tags[t.DIRECTION],
            sweep.tags[t.OBJECTIVE],
            sweep.tags[t.BEST_TRIAL_NUMBER],
        )
        assert "RandomSampler" == sweep.tags[f"{t.SEARCH}sampler"]
        assert b'{"x":{"high":1,"low":0,"type":"float"}}' == sweep.artifacts["search_space.json"]

    def test_nothing_is_made_of_a_returned_study(self):
        """It is no result of its own: neither its type nor anything else of it is tagged as one."""
        with captured() as runs:
            tracked_sweep(lambda: searched(new_study()))()
            (sweep,) = (run for run in runs.runs if run.tags[t.STAGE] == "hpo")
        assert not [tag for tag in sweep.tags if tag.startswith("result")]
        assert {"n_trials", "value"} < set(sweep.metrics)

    def test_names(self):
        """The study's own names come first, then those of the decorator by direction, then numbers."""

        def search(study):
            study.optimize(lambda trial: (x_of(trial), 1), n_trials=1)

        with captured() as runs:
            for options in ({}, {"maximize": "acc", "minimize": "ms"}, {"maximize": ("a", "b")}):
                decorated = tracked_sweep(**options)(search) if options else tracked_sweep(search)
                decorated(new_study(directions=["minimize", "maximize"]))
            names = [run.tags[t.OBJECTIVE] for run in runs.runs]
            fronts = [run.tags[t.PARETO] for run in runs.runs]
        assert ["value_0, value_1", "ms, acc", "value_0, value_1"] == names
        assert ["0"] * 3 == fronts

    @pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
    def test_names_of_the_study(self):
        """Whoever has named the metrics in Optuna need not do so again."""
        study = new_study()
        study.set_metric_names(["loss"])
        with captured() as runs:
            tracked_sweep(searched)(study)
            (sweep,) = (run for run in runs.runs if run.tags[t.STAGE] == "hpo")
        assert study.best_value == sweep.metrics["loss"]

    def test_an_error_keeps_what_was_found(self):
        """The user's own exception comes out; best and counts of a study that was given are on the failed run."""

        @tracked_sweep
        def search(study):
            searched(study)
            raise ValueError("no")

        study = new_study()
        with captured() as runs:
            with pytest.raises(ValueError, match="no"):
                search(study)
            sweep = runs["search"]
        assert ("FAILED", study.best_value, 3.0) == (
            sweep.status,
            sweep.metrics["value"],
            sweep.metrics["n_trials"],
        )

    @pytest.mark.parametrize("how", ["coroutine", "generator", "async generator"])
    def test_a_loop_that_is_stepped_is_read_as_well(self, how):
        """What a coroutine function or a generator function was given is read at its end, what it returned, too."""
        study = new_study()

        @tracked_sweep
        async def coroutine():
            await asyncio.sleep(0)
            return searched(study)

        @tracked_sweep
        def generator():
            yield
            return searched(study)

        @tracked_sweep
        async def async_generator(study):
            yield searched(study)

        async def stepped():
            return [step async for step in async_generator(study)]

        with captured() as runs:
            if how == "coroutine":
                assert study is asyncio.run(coroutine())
            else:
                assert 1 == len(list(generator()) if how == "generator" else asyncio.run(stepped()))
            name = how.replace(" ", "_")
            sweep = runs[name]
            assert [name] * 3 == [parent_of(runs.runs, run) for run in called(runs.runs, "train")]
        assert (study.best_value, 3.0) == (sweep.metrics["value"], sweep.metrics["n_trials"])
        assert ("FINISHED", "minimize") == (sweep.status, sweep.tags[t.DIRECTION])
        assert not [tag for tag in sweep.tags if tag.startswith("result")]

    def test_an_awaited_loop_that_fails_keeps_what_was_found(self):
        """The user's own exception comes out of the coroutine, and the study that was given is read."""

        @tracked_sweep
        async def search(study):
            searched(study)
            raise ValueError("no")

        study = new_study()
        with captured() as runs:
            with pytest.raises(ValueError, match="no"):
                asyncio.run(search(study))
            sweep = runs["search"]
        assert ("FAILED", study.best_value) == (sweep.status, sweep.metrics["value"])

    def test_states_are_counted(self):
        """Pruned and failed trials are told apart, and a study of nothing else has no best."""

        def objective(trial):
            if trial.number:
                raise optuna.TrialPruned
            return math.nan

        @tracked_sweep
        def search(study):
            study.optimize(objective, n_trials=3)

        with captured() as runs:
            search(new_study())
            sweep = runs["search"]
        assert {
            "n_trials": 3,
            "n_complete_trials": 0,
            "n_pruned_trials": 2,
            "n_failed_trials": 1,
        } == sweep.metrics
        assert {"study"} >= set(sweep.params)

    def test_without_a_study_nothing_is_added(self):
        """A loop of another kind has its run, its children and its result, and no figures of a search."""
        with captured() as runs:
            assert {"acc": 3} == tracked_sweep(lambda: {"acc": max(train(x)["acc"] for x in (1, 3, 2))})()
            assert {"acc": 3.0} == runs.runs[0].metrics
