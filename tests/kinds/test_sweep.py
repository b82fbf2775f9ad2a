"""A sweep: a run for each trial, the best on the parent, and a handle for the caller."""

import contextvars
import os
import signal
import threading
import time

import optuna
import pytest

from tests.scripts import called, parent_of, values
from tracked import tags as t
from tracked import track, tracked_sweep, tracked_training
from tracked.errors import MetricNotFound, TrackedError
from tracked.testing import captured


@tracked_training
def train(x, epochs=2):
    """Logs on the way and returns the last."""
    for epoch in range(epochs):
        track.log(acc=x / (epochs - epoch))
    return {"acc": x, "size": 7}


def trials_of(runs):
    """The stored trials, by number."""
    found = [run for run in runs.runs if run.tags.get(t.STAGE) == "hpo_trial"]
    return sorted(found, key=lambda run: int(run.tags[t.TRIAL_NUMBER]))


def states(runs):
    """State and status of each trial."""
    return [(run.tags[t.TRIAL_STATE], run.status) for run in trials_of(runs)]


def x_of(trial):
    """One hyperparameter."""
    return trial.suggest_float("x", 0, 1)


class TestTree:
    def test_sweep_trials_and_trainings(self):
        """The sweep is over its trials, each trial over its training."""

        @tracked_sweep(n_trials=3, maximize="acc", seed=1)
        def sweep(trial):
            return train(x_of(trial))

        with captured() as runs:
            sweep()
            trials, trainings = trials_of(runs), called(runs.runs, "train")
            assert ["trial-0", "trial-1", "trial-2"] == [run.name for run in trials]
            assert ["sweep"] * 3 == [parent_of(runs.runs, run) for run in trials]
            assert [run.run_id for run in trials] == [run.tags[t.MLFLOW_PARENT] for run in trainings]
            assert ["hpo"] + ["hpo_trial", "training"] * 3 == [run.tags[t.STAGE] for run in runs.runs]
        for trial, training in zip(trials, trainings, strict=True):
            assert trial.params["x"] == training.params["x"]
            assert float(training.params["x"]) == trial.metrics["acc"] == training.metrics["acc"]
            assert 7.0 == trial.metrics["size"]

    def test_the_best_is_on_the_parent(self):
        """Metrics under their names, hyperparameters, number and run of the best trial."""

        @tracked_sweep(n_trials=4, maximize="acc", seed=1)
        def sweep(trial):
            return train(x_of(trial))

        with captured() as runs:
            sweep()
            parent, trials = runs["sweep"], trials_of(runs)
        best = max(trials, key=lambda run: run.metrics["acc"])
        assert {"best_x": best.params["x"]} == parent.params
        assert (best.metrics["acc"], 7.0) == (parent.metrics["acc"], parent.metrics["size"])
        assert (best.run_id, best.tags[t.TRIAL_NUMBER]) == (
            parent.tags[t.BEST_TRIAL_RUN_ID],
            parent.tags[t.BEST_TRIAL_NUMBER],
        )
        assert ("acc", 4.0, 4.0) == (
            parent.tags[t.OBJECTIVE],
            parent.metrics["n_trials"],
            parent.metrics["n_complete_trials"],
        )
        seen = [max(run.metrics["acc"] for run in trials[: i + 1]) for i in range(4)]
        assert seen == values(parent, "acc")

    def test_the_handle(self):
        """The caller gets best, trials and run, with what was tried and found."""

        @tracked_sweep(n_trials=3, maximize="acc", seed=1)
        def sweep(trial):
            return train(x_of(trial))

        with captured():
            handle = sweep()
        assert [0, 1, 2] == [trial.number for trial in handle.trials]
        assert handle.best is max(handle.trials, key=lambda trial: trial.value)
        assert (handle.best.params["x"],) == handle.best.values
        assert {"acc": handle.best.value, "size": 7.0} == handle.best.metrics
        assert "hpo" == handle.run.ref.stage
        assert {"complete"} == {trial.state for trial in handle.trials}

    def test_only_what_was_found_is_on_the_parent(self):
        """The handle that a sweep returns is none of its results."""
        with captured() as runs:
            tracked_sweep(n_trials=1, maximize="acc")(lambda trial: {"acc": x_of(trial)})()
            parent = runs["<lambda>"]
        assert not [tag for tag in parent.tags if tag.startswith("result")]
        assert {"acc", "n_trials", "n_complete_trials", "n_pruned_trials", "n_failed_trials"} == set(
            parent.metrics
        )

    def test_a_sweep_is_a_study_of_its_own(self):
        """Inside another study it has its own key, which its trials share."""

        @tracked_sweep(n_trials=1, maximize="acc")
        def sweep(trial, data_config):
            return {"acc": x_of(trial)}

        @tracked_training
        def outer(study_key_hash):
            return sweep({"name": "digits"})

        with captured() as runs:
            outer("a" * 64)
            keys = [run.tags[t.STUDY_KEY_HASH] for run in runs.runs]
        assert "a" * 64 == keys[0] != keys[1] == keys[2]

    def test_threads_of_a_sweep_carry_the_callers_context(self):
        """Context variables of the user are seen in every trial."""
        mine = contextvars.ContextVar("mine", default="lost")
        mine.set("carried")
        seen = []

        def objective(trial):
            seen.append(mine.get())
            return {"acc": x_of(trial)}

        with captured():
            tracked_sweep(n_trials=4, n_jobs=2, maximize="acc")(objective)()
        assert ["carried"] * 4 == seen

    def test_a_seed_repeats_the_suggestions(self):
        """The same seed, the same trials."""

        def sweep(trial):
            return {"acc": x_of(trial)}

        with captured():
            first, second = (tracked_sweep(n_trials=3, maximize="acc", seed=5)(sweep)() for _ in range(2))
        assert [trial.params for trial in first.trials] == [trial.params for trial in second.trials]

    def test_keys_of_study_and_trial(self):
        """All trials share the study of their sweep, and each has a key of its own."""

        @tracked_sweep(n_trials=2, maximize="acc", seed=1)
        def sweep(trial, data_config):
            return train(x_of(trial))

        with captured() as runs:
            sweep({"name": "digits"})
            study = {run.tags[t.STUDY_KEY_HASH] for run in runs.runs}
            keys = {run.tags[t.TRIAL_KEY_HASH] for run in trials_of(runs)}
        assert (1, 2) == (len(study), len(keys))


class TestObjective:
    def swept(self, function, **options):
        """The stored runs and the handle of a sweep over this function."""
        with captured() as runs:
            handle = tracked_sweep(**{"n_trials": 4, "seed": 1, **options})(function)()
            return handle, trials_of(runs), runs["<lambda>"]

    def test_minimize(self):
        """The smallest is the best."""
        handle, trials, parent = self.swept(lambda trial: {"loss": x_of(trial)}, minimize="loss")
        assert min(run.metrics["loss"] for run in trials) == handle.best.value == parent.metrics["loss"]

    def test_a_number_alone(self):
        """A returned number is the objective, under its name and no other."""
        handle, trials, _ = self.swept(lambda trial: x_of(trial) / 2, n_trials=2, maximize="acc")
        assert [{"acc": trial.value} for trial in handle.trials] == [run.metrics for run in trials]

    def test_without_a_name_the_number_is_minimised(self):
        """As in Optuna, the bare decorator minimises what is returned, over twenty trials."""
        with captured() as runs:
            handle = tracked_sweep(lambda trial: x_of(trial) / 2)()
            assert 20 == len(trials_of(runs))
        assert min(trial.value for trial in handle.trials) == handle.best.value

    def test_a_logged_metric_will_do(self):
        """Who returns nothing may log the objective in the trial; the last value counts."""

        def logged(trial):
            for _ in range(2):
                track.log(acc=x_of(trial) / (3 - trial.number % 2))

        with captured() as runs:
            handle = tracked_sweep(n_trials=2, maximize="acc", seed=1)(logged)()
            assert [(run.metrics["acc"],) for run in trials_of(runs)] == [
                trial.values for trial in handle.trials
            ]
            assert [2, 2] == [len(values(run, "acc")) for run in trials_of(runs)]

    def test_tuples(self):
        """Several objectives come in the order in which they are named, the maximised first."""
        handle, trials, _ = self.swept(
            lambda trial: (x_of(trial), 1 - x_of(trial)), maximize="a", minimize="b"
        )
        for trial, run in zip(handle.trials, trials, strict=True):
            assert (run.metrics["a"], run.metrics["b"]) == trial.values
            assert trial.values == (trial.params["x"], 1 - trial.params["x"])
        assert handle.best.values[0] == max(trial.values[0] for trial in handle.trials)

    def test_nan_is_never_best(self):
        """The trial has FAILED and says so; the sweep goes on and has no best."""

        def blank(trial):
            x_of(trial)
            return {"acc": float("nan")}

        with captured() as runs:
            handle = tracked_sweep(n_trials=2, maximize="acc")(blank)()
            assert [("failed", "FAILED")] * 2 == states(runs)
            assert {"NaN is no value for acc"} == {run.tags[t.END_REASON] for run in trials_of(runs)}
            sweep = runs["blank"]
        assert handle.best is None
        assert ("FINISHED", 2.0) == (sweep.status, sweep.metrics["n_failed_trials"])
        assert t.BEST_TRIAL_RUN_ID not in sweep.tags

    @pytest.mark.parametrize("returned", [None, {"other": 1.0}, "text", {"acc": "high"}])
    def test_a_metric_that_never_came(self, returned):
        """Nothing was optimised: the person is told which metrics there were, and the trials are kept."""

        def blank(trial):
            x_of(trial)
            track.log(loss=1)
            return returned

        with captured() as runs:
            with pytest.raises(
                MetricNotFound, match=r"acc was to be optimised, and no trial .* loss"
            ) as caught:
                tracked_sweep(n_trials=2, maximize="acc")(blank)()
            assert [("failed", "FAILED")] * 2 == states(runs)
            assert all("acc" in run.tags[t.END_REASON] for run in trials_of(runs))
            assert ["tracked.errors.MetricNotFound", "FAILED"] == [
                runs["blank"].tags[t.ERROR_TYPE],
                runs["blank"].status,
            ]
        assert [1.0, 1.0] == [trial.metrics["loss"] for trial in caught.value.sweep.trials]
        assert isinstance(caught.value, TrackedError)

    def test_a_metric_that_came_once_is_enough(self):
        """Trials without the objective fail, and the best of the others is the best."""
        with captured() as runs:
            handle = tracked_sweep(n_trials=3, maximize="acc")(
                lambda trial: {"acc": x_of(trial)} if trial.number == 1 else None
            )()
            assert ["failed", "complete", "failed"] == [state for state, _ in states(runs)]
        assert 1 == handle.best.number

    def test_nobody_named_the_objective(self):
        """The error says how to name it."""
        with captured(), pytest.raises(MetricNotFound, match=r'maximize="acc".*metrics that were: f1'):
            tracked_sweep(n_trials=1)(lambda trial: {"f1": x_of(trial)})()

    def test_an_error_of_the_user_goes_first(self):
        """Where no trial came to an end, its own exceptions say why."""
        with captured():
            handle = tracked_sweep(n_trials=2, maximize="acc", catch=ValueError)(
                fails_at(None, ValueError("no"))
            )()
        assert ["failed", "failed"] == [trial.state for trial in handle.trials]


def fails_at(number, error):
    """An objective that raises this in one trial."""

    def objective(trial):
        x = x_of(trial)
        trial.report(x, 0)
        if number is None or trial.number == number:
            raise error
        return {"acc": x}

    return objective


class TestEnds:
    def test_a_pruned_trial_has_not_failed(self):
        """It is FINISHED with the state pruned, is never the best, and the next trial is tried."""
        with captured() as runs:
            handle = tracked_sweep(n_trials=3, maximize="acc")(fails_at(1, optuna.TrialPruned()))()
            assert [("complete", "FINISHED"), ("pruned", "FINISHED"), ("complete", "FINISHED")] == states(
                runs
            )
            assert "x" in trials_of(runs)[1].params
            assert ("FINISHED", 1.0) == (
                runs["objective"].status,
                runs["objective"].metrics["n_pruned_trials"],
            )
        assert handle.best.number != 1

    @pytest.mark.parametrize("catch", [ValueError, (KeyError, ValueError), [ValueError]])
    def test_a_caught_error_fails_only_its_trial(self, catch):
        """The sweep goes on to its end."""
        with captured() as runs:
            tracked_sweep(n_trials=3, maximize="acc", catch=catch)(fails_at(1, ValueError("no")))()
            assert [("complete", "FINISHED"), ("failed", "FAILED"), ("complete", "FINISHED")] == states(runs)
            assert "ValueError" == trials_of(runs)[1].tags[t.ERROR_TYPE]
            assert "FINISHED" == runs["objective"].status

    def test_an_error_fails_trial_and_sweep_and_keeps_what_was_found(self):
        """The user's own exception comes out; the best so far stands on the failed sweep."""
        error = ValueError("no")
        with captured() as runs:
            with pytest.raises(ValueError, match="no") as caught:
                tracked_sweep(n_trials=5, maximize="acc")(fails_at(1, error))()
            assert [("complete", "FINISHED"), ("failed", "FAILED")] == states(runs)
            sweep, (first, _) = runs["objective"], trials_of(runs)
        assert caught.value is error
        assert ("FAILED", "ValueError") == (sweep.status, sweep.tags[t.ERROR_TYPE])
        assert (first.metrics["acc"], first.run_id) == (sweep.metrics["acc"], sweep.tags[t.BEST_TRIAL_RUN_ID])

    def test_ctrl_c_kills_trial_and_sweep(self):
        """Nobody found a fault, and what was finished is kept."""
        with captured() as runs:
            with pytest.raises(KeyboardInterrupt):
                tracked_sweep(n_trials=5, maximize="acc")(fails_at(1, KeyboardInterrupt()))()
            assert ["FINISHED", "KILLED"] == [run.status for run in trials_of(runs)]
            assert "KILLED" == runs["objective"].status

    def test_ctrl_c_ends_a_parallel_sweep_after_the_trials_at_work(self):
        """The signal reaches only the main thread; no further trial begins in the others."""

        def objective(trial):
            if trial.number == 1:
                os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            return {"acc": x_of(trial)}

        with captured() as runs:
            with pytest.raises(KeyboardInterrupt):
                tracked_sweep(n_trials=50, n_jobs=2, maximize="acc")(objective)()
            assert len(trials_of(runs)) < 10
            assert {"FINISHED"} == {run.status for run in trials_of(runs)}
            assert "KILLED" == runs["objective"].status

    def test_timeout(self):
        """After it no further trial begins; the one at work ends in peace."""

        def objective(trial):
            time.sleep(0.1)
            return {"acc": x_of(trial)}

        with captured() as runs:
            handle = tracked_sweep(n_trials=50, maximize="acc", timeout=0.15)(objective)()
            assert [("complete", "FINISHED")] * 2 == states(runs)
        assert handle.best is not None

    def test_a_trial_that_the_user_told_himself(self):
        """It stays as it was told, whatever is returned."""

        def objective(trial):
            x = x_of(trial)
            trial.study.tell(trial, 5.0 + x)
            return {"acc": x}

        with captured():
            handle = tracked_sweep(n_trials=2, maximize="acc")(objective)()
        assert [5.0 + trial.params["x"] for trial in handle.trials] == [
            trial.value for trial in handle.trials
        ]


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_several_at_once(n_jobs):
    """Trials in threads stand under their sweep, and trainings under their trial."""
    at_once = threading.Semaphore(n_jobs)
    most = []

    def objective(trial):
        assert at_once.acquire(blocking=False)
        most.append(trial.number)
        time.sleep(0.01)
        result = train(x_of(trial))
        at_once.release()
        return result

    with captured() as runs:
        handle = tracked_sweep(n_trials=8, n_jobs=n_jobs, maximize="acc")(objective)()
        trials = {run.run_id: run for run in trials_of(runs)}
        trainings = called(runs.runs, "train")
        assert ["objective"] * 8 == [parent_of(runs.runs, run) for run in trials.values()]
        assert {"FINISHED"} == {run.status for run in runs.runs}
    assert list(range(8)) == [trial.number for trial in handle.trials] == sorted(most)
    assert 8 == len(trainings)
    for training in trainings:
        trial = trials.pop(training.tags[t.MLFLOW_PARENT])
        assert (trial.params["x"], trial.metrics["acc"]) == (training.params["x"], training.metrics["acc"])


@pytest.mark.parametrize("failing", ["tracked-trial_0", "tracked-trial_1"])
def test_an_error_in_one_thread_stops_the_others(failing):
    """The user's own exception comes out of a parallel sweep too, whichever thread it came from."""
    error = ValueError("no")
    both_there = threading.Barrier(2)

    def objective(trial):
        if trial.number < 2:
            both_there.wait(10)
        if threading.current_thread().name == failing:
            raise error
        time.sleep(0.01)
        return {"acc": x_of(trial)}

    with captured() as runs:
        with pytest.raises(ValueError, match="no") as caught:
            tracked_sweep(n_trials=100, n_jobs=2, maximize="acc")(objective)()
        assert len(trials_of(runs)) < 50
        assert "FAILED" == runs["objective"].status
    assert caught.value is error
