"""What a sweep makes of its engine: several objectives, constraints, pruning, grids, callbacks."""

import optuna
import pytest

from tests.kinds.test_sweep import states, train, trials_of, x_of
from tests.scripts import values
from tracked import tags as t
from tracked import track, tracked_sweep, tracked_training
from tracked.errors import ConfigError
from tracked.testing import captured


def two(trial):
    """Two objectives that pull in different directions, and a third figure."""
    x = x_of(trial)
    return {"acc": x, "latency": x * x, "size": 7}


class TestSeveralObjectives:
    def test_the_front(self):
        """Of x against x squared no trial beats another: all are on the front, and the highest acc leads."""
        with captured() as runs:
            handle = tracked_sweep(n_trials=4, maximize="acc", minimize="latency", seed=1)(two)()
            sweep = runs["two"]
        assert list(handle.trials) == list(handle.pareto)
        assert handle.best.values == max(trial.values for trial in handle.trials)
        assert ("0, 1, 2, 3", "maximize, minimize") == (sweep.tags[t.PARETO], sweep.tags[t.DIRECTION])
        assert handle.best.values == (sweep.metrics["acc"], sweep.metrics["latency"])
        assert str(handle.best.number) == sweep.tags[t.BEST_TRIAL_NUMBER]
        assert "4 on the front" in repr(handle)

    def test_a_beaten_trial_is_not_on_it(self):
        """Worse in both is off the front."""

        def objective(trial):
            x_of(trial)
            return {"acc": trial.number, "latency": -trial.number}

        with captured():
            handle = tracked_sweep(n_trials=3, maximize=("acc",), minimize=("latency",))(objective)()
        assert [2] == [trial.number for trial in handle.pareto] == [handle.best.number]

    def test_of_one_objective_it_is_the_best(self):
        """Whoever asks for the front of a plain sweep gets its best trial."""
        with captured() as runs:
            handle = tracked_sweep(n_trials=3, maximize="acc", seed=1)(two)()
            assert t.PARETO not in runs["two"].tags
        assert [handle.best] == list(handle.pareto)

    def test_logging_on_the_way_is_no_report(self):
        """Optuna takes no intermediate values of several objectives: logging one is as harmless as ever."""

        def objective(trial):
            train(x_of(trial))
            return {"acc": 1, "size": 2}

        with captured():
            handle = tracked_sweep(n_trials=1, maximize="acc", minimize="size")(objective)()
        assert (1, 2) == handle.best.values


def in_bounds(trial):
    """The higher x the better, but above a half it is not allowed."""
    x = x_of(trial)
    trial.set_constraint("memory", x - 0.5)
    return {"acc": x}


class TestConstraints:
    @pytest.mark.skipif(not hasattr(optuna.Trial, "set_constraint"), reason="new in Optuna 5")
    def test_the_best_keeps_them(self):
        """The best on handle, sweep and way is the highest of those that are allowed."""
        with captured() as runs:
            handle = tracked_sweep(n_trials=8, maximize="acc", seed=1, sampler="random")(in_bounds)()
            sweep, trials = runs["in_bounds"], trials_of(runs)
        allowed = [trial for trial in handle.trials if trial.is_feasible]
        assert 0 < len(allowed) < len(handle.trials)
        assert max(trial.value for trial in allowed) == handle.best.value == sweep.metrics["acc"]
        assert all(value <= 0.5 for value in values(sweep, "acc"))
        assert [{"memory": run.metrics["constraint/memory"]} for run in trials] == [
            trial.constraints for trial in handle.trials
        ]

    @pytest.mark.filterwarnings("ignore:.*constraints_func.*")
    @pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
    def test_the_older_way(self):
        """A sampler's ``constraints_func`` is heard too."""
        sampler = optuna.samplers.TPESampler(seed=1, constraints_func=lambda trial: [trial.params["x"] - 0.5])
        with captured():
            handle = tracked_sweep(n_trials=8, maximize="acc", sampler=sampler)(
                lambda trial: {"acc": x_of(trial)}
            )()
        assert 0.3 < handle.best.value <= 0.5
        assert handle.best.params["x"] - 0.5 == pytest.approx(handle.best.constraints["0"])

    @pytest.mark.skipif(not hasattr(optuna.Trial, "set_constraint"), reason="new in Optuna 5")
    def test_if_none_keeps_them_there_is_no_best(self):
        """What is not allowed is no result."""

        def objective(trial):
            trial.set_constraint("never", 1)
            return {"acc": x_of(trial)}

        with captured() as runs:
            handle = tracked_sweep(n_trials=2, maximize="acc")(objective)()
            assert "acc" not in runs["objective"].metrics
        assert (None, 2) == (handle.best, len(handle.trials))


@tracked_training
def stepwise(trial, good):
    """Three epochs, left as soon as the pruner says so."""
    for epoch in range(3):
        track.log(acc=(0.9 if good else 0.1) + epoch / 100, step=epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return {"acc": 0.9}


PRUNER = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=0)


class TestPruning:
    @pytest.mark.parametrize("where", ["trial", "training"])
    def test_what_is_logged_is_reported(self, where):
        """The pruner goes by ``track.log`` in the trial and in a training in it; nobody calls ``report``."""
        inner = stepwise if where == "training" else stepwise.untracked

        def objective(trial):
            x_of(trial)
            return inner(trial, trial.number < 3)

        with captured() as runs:
            handle = tracked_sweep(n_trials=4, maximize="acc", pruner=PRUNER)(objective)()
            assert [("complete", "FINISHED")] * 3 + [("pruned", "FINISHED")] == states(runs)
            assert 0.1 == trials_of(runs)[3].metrics["acc"]
        assert (0.1,) == handle.trials[3].values
        assert 3 != handle.best.number

    def test_who_reports_by_himself_is_not_reported_twice(self):
        """Optuna's own idiom beside ours: no warning of a doubled step, and the user's values count."""
        seen = []

        def objective(trial):
            x_of(trial)
            for epoch in range(2):
                track.log(acc=0.5, step=epoch)
                trial.report(epoch / 10, epoch)
                trial.should_prune()
            seen.append(trial.study.trials[trial.number].intermediate_values)
            return {"acc": 1}

        with captured():
            tracked_sweep(n_trials=2, maximize="acc")(objective)()
        assert [{0: 0.0, 1: 0.1}] * 2 == seen

    def test_the_first_value_of_a_step_counts(self):
        """A second fold logs the same steps again: no warning, and the pruner keeps to the first."""
        studies = []

        def objective(trial):
            x = x_of(trial)
            studies.append(trial.study)
            for fold in range(2):
                for epoch in range(2):
                    track.log(acc=fold + epoch / 10, step=epoch)
                    trial.should_prune()
            return x

        with captured():
            tracked_sweep(n_trials=1, maximize="acc")(objective)()
        assert {0: 0.0, 1: 0.1} == studies[0].trials[0].intermediate_values

    def test_without_asking_the_pruner_learns_all_the_same(self):
        """What a trial logged is known to the trials after it, also if this one never asked."""
        studies = []

        def objective(trial):
            studies.append(trial.study)
            train(x_of(trial))
            return {"acc": 1}

        with captured():
            tracked_sweep(n_trials=1, maximize="acc")(objective)()
        assert {0, 1} <= set(studies[0].trials[0].intermediate_values)

    @pytest.mark.parametrize("off", [True, False])
    def test_a_sweep_searches_the_same_without_tracking(self, off, monkeypatch):
        """An objective that is only logged, in a training, is found with tracking switched off as well."""

        def objective(trial):
            train.untracked(x_of(trial)) if off else train(x_of(trial))

        with captured() as runs:
            if off:
                monkeypatch.setenv("TRACKED_DISABLED", "1")
            handle = tracked_sweep(n_trials=3, maximize="acc", seed=1)(objective)()
            assert off == (runs.runs == [])
        assert [trial.params["x"] for trial in handle.trials] == [trial.value for trial in handle.trials]


def cells(trial):
    """Three by two, the third step only for one of them."""
    width = trial.suggest_int("width", 2, 6, step=2)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    if kind == "b":
        trial.suggest_float("rate", 0, 0.5, step=0.5)
    if width == 4 and kind == "a":
        raise ValueError("no")
    return {"acc": width}


class TestGrid:
    def test_each_cell_once(self):
        """The grid is what the function suggests: all of it is tried, then the sweep ends by itself."""
        with captured() as runs:
            handle = tracked_sweep(sampler="grid", maximize="acc", catch=ValueError, seed=1)(cells)()
            assert 9 == len(trials_of(runs))
            assert "Grid" == runs["cells"].tags[f"{t.SEARCH}sampler"]
        tried = {tuple(trial.params.values()) for trial in handle.trials}
        assert {(w, "a") for w in (2, 4, 6)} | {(w, "b", r) for w in (2, 4, 6) for r in (0.0, 0.5)} == tried

    def test_cells_that_are_missing(self):
        """A failed cell is missing, and so is what was never begun."""
        with captured():
            all_of_it = tracked_sweep(sampler="grid", maximize="acc", catch=ValueError)(cells)()
            some = tracked_sweep(sampler="grid", maximize="acc", catch=ValueError, n_trials=1)(
                lambda trial: {"acc": trial.suggest_int("width", 1, 3)}
            )()
        assert [{"width": 4, "kind": "a"}] == all_of_it.missing()
        assert 2 == len(some.missing())
        assert [some.trials[0].params] == [
            c for c in ({"width": w} for w in (1, 2, 3)) if c not in some.missing()
        ]

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_optunas_own_grid(self, n_jobs):
        """``GridSampler`` stops the sweep after its last cell, in threads too, and says what is missing."""
        sampler = optuna.samplers.GridSampler({"x": [0.25, 0.5, 0.75]})

        def objective(trial):
            if x_of(trial) == 0.5:
                raise ValueError("no")
            return {"acc": 1}

        with captured():
            handle = tracked_sweep(sampler=sampler, maximize="acc", catch=ValueError, n_jobs=n_jobs)(
                objective
            )()
        assert {0.25, 0.5, 0.75} == {trial.params["x"] for trial in handle.trials}
        assert [{"x": 0.5}] == handle.missing()

    def test_a_grid_without_end(self):
        """A range without a step is refused with the name of the hyperparameter."""
        with captured(), pytest.raises(ConfigError, match=r"suggest_float\('x'"):
            tracked_sweep(sampler="grid", maximize="acc")(x_of)()

    @pytest.mark.parametrize("sampler", ["grid", "random", "tpe"])
    def test_seeds_repeat(self, sampler):
        """The same seed tries the same points in the same order."""

        def objective(trial):
            return {"acc": trial.suggest_int("a", 0, 9) + trial.suggest_categorical("b", [0, 1])}

        with captured():
            first, second, other = (
                tracked_sweep(n_trials=6, maximize="acc", sampler=sampler, seed=seed)(objective)()
                for seed in (5, 5, 6)
            )
        assert first.trials == second.trials
        assert [trial.params for trial in first.trials] != [trial.params for trial in other.trials]

    def test_what_searched_is_known_and_in_no_key(self):
        """Optuna's version, sampler, pruner and seed are tags; another sampler makes no other study."""
        with captured() as runs:
            for sampler in ("random", "tpe"):
                tracked_sweep(n_trials=1, maximize="acc", sampler=sampler, seed=3)(two)()
            first, second = (run for run in runs.runs if run.tags[t.STAGE] == "hpo")
        said = {name.removeprefix(t.SEARCH): v for name, v in first.tags.items() if name.startswith(t.SEARCH)}
        assert {
            "engine": f"optuna {optuna.__version__}",
            "sampler": "RandomSampler",
            "pruner": "MedianPruner",
            "seed": "3",
        } == said
        assert first.tags[t.STUDY_KEY_HASH] == second.tags[t.STUDY_KEY_HASH]


class TestImpossible:
    @pytest.mark.parametrize(
        "suggest",
        [
            lambda trial: trial.suggest_float("x", 1, 0),
            lambda trial: trial.suggest_int("x", 0, 9, log=True),
            lambda trial: trial.suggest_categorical(name="x", choices=[]),
            lambda trial: trial.suggest_categorical("x", [trial.number]),
        ],
    )
    def test_a_space_that_cannot_be(self, suggest):
        """It is named by a ConfigError, the trial has FAILED, and trials before it are kept."""
        with captured() as runs:
            with pytest.raises(ConfigError, match="'x' cannot be chosen") as caught:
                tracked_sweep(n_trials=3, maximize="acc")(lambda trial: {"acc": suggest(trial)})()
            assert "failed" == states(runs)[-1][0]
            assert {"FAILED"} == {run.status for run in runs.runs if run.tags[t.STAGE] == "hpo"}
        assert isinstance(caught.value.__cause__, ValueError)


class TestCallbacks:
    def test_sweep_so_far_and_trial(self):
        """Called after each trial, also a failed one, with all that is known by then."""
        seen = []

        def objective(trial):
            if trial.number == 1:
                raise ValueError("no")
            return {"acc": -trial.number}

        def note(sweep, trial):
            seen.append(
                (len(sweep.trials), sweep.best.number, trial.number, trial.state, len(sweep.missing()))
            )
            track.log(noted=trial.number)

        with captured() as runs:
            tracked_sweep(n_trials=3, maximize="acc", catch=ValueError, callbacks=note)(objective)()
            assert [0.0, 1.0, 2.0] == values(runs["objective"], "noted")
        assert [(1, 0, 0, "complete", 2), (2, 0, 1, "failed", 2), (3, 0, 2, "complete", 1)] == seen

    def test_what_one_raises_is_the_users(self):
        """It ends the sweep as FAILED, comes out as it is, and what was found is kept."""
        error = RuntimeError("enough")

        def stop(sweep, trial):
            raise error

        with captured() as runs:
            with pytest.raises(RuntimeError) as caught:
                tracked_sweep(n_trials=3, maximize="acc", callbacks=[stop])(two)()
            assert [("complete", "FINISHED")] == states(runs)
            assert ("FAILED", 1.0) == (runs["two"].status, runs["two"].metrics["n_complete_trials"])
        assert caught.value is error

    def test_a_study_may_be_stopped(self):
        """``trial.study.stop()`` ends the sweep in peace, as in Optuna's own loop."""

        def objective(trial):
            trial.study.stop()
            return {"acc": x_of(trial)}

        with captured() as runs:
            handle = tracked_sweep(n_trials=9, maximize="acc")(objective)()
            assert "FINISHED" == runs["objective"].status
        assert (1, 8) == (len(handle.trials), len(handle.missing()))

    @pytest.mark.parametrize("given", [7, [len, "no"]])
    def test_only_functions(self, given):
        """Anything else is refused at decoration."""
        with pytest.raises(ConfigError, match="callbacks"):
            tracked_sweep(callbacks=given)


class TestSpace:
    def test_it_is_recorded_in_one_form(self):
        """What the trials were chosen from is an artifact of canonical JSON, and its hash a tag."""

        def objective(trial):
            trial.suggest_float("lr", 1e-5, 1e-1, log=True)
            trial.suggest_int("depth", 1, 8)
            trial.suggest_categorical("optimizer", ["sgd", "adam"])
            return {"acc": trial.suggest_float("high", 0, trial.number + 1)}

        with captured() as runs:
            tracked_sweep(n_trials=2, maximize="acc")(objective)()
            tracked_sweep(n_trials=2, maximize="acc", sampler="random")(objective)()
            first, second = (run for run in runs.runs if run.tags[t.STAGE] == "hpo")
        written = (
            b'{"depth":{"high":8,"low":1,"type":"int"},"high":{"of":[{"high":1,"low":0,"type":"float"},'
            b'{"high":2,"low":0,"type":"float"}],"type":"any"},"lr":{"high":0.1,"log":true,"low":0.00001,'
            b'"type":"float"},"optimizer":["sgd","adam"]}'
        )
        assert written == first.artifacts["search_space.json"] == second.artifacts["search_space.json"]
        assert first.tags[t.SEARCH_SPACE] == second.tags[t.SEARCH_SPACE]
