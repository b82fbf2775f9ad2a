"""What a sweep gives back, and what plain MLflow reads of it."""

import subprocess
import sys

import optuna
import pytest
from mlflow import MlflowClient

import tracked
from tests.kinds.test_sweep import fails_at, x_of
from tests.kinds.test_sweep_search import PRUNER, stepwise, two
from tests.stores import all_runs
from tracked import tags as t
from tracked import tracked_sweep, tracked_training
from tracked.errors import MetricNotFound
from tracked.identity import study_key
from tracked.testing import captured


def swept(function, **options):
    """The handle of a sweep."""
    with captured():
        return tracked_sweep(**{"n_trials": 3, "maximize": "acc", "seed": 1, **options})(function)()


class TestSweep:
    def test_missing_counts_what_has_to_be_tried_again(self):
        """A failed trial with what it tried, and nothing if all came to an end."""
        failed = swept(fails_at(1, ValueError("no")), catch=ValueError)
        assert [failed.trials[1].params] == failed.missing()
        assert [] == swept(two).missing() == swept(fails_at(1, optuna.TrialPruned())).missing()

    def test_missing_knows_what_never_began(self):
        """Of ten trials that were wanted, those that the time did not suffice for are missing."""
        handle = swept(two, n_trials=10, timeout=0)
        assert ([{}] * 10, ()) == (handle.missing(), handle.trials)

    def test_a_timeout_alone_has_no_number_of_trials(self):
        """Whoever gives only seconds gets as many trials as fit, and misses none."""
        handle = swept(two, n_trials=None, timeout=1.5, sampler="random")
        assert len(handle.trials) > 20
        assert [] == handle.missing()

    def test_to_pandas(self):
        """A row for each trial: number, state, objectives, hyperparameters, other metrics."""
        frame = swept(two, minimize="latency").to_pandas()
        assert ["number", "state", "acc", "latency", "params.x", "metrics.size"] == list(frame.columns)
        assert [0, 1, 2] == list(frame["number"])
        assert list(frame["params.x"]) == list(frame["acc"])

    def test_repr(self):
        """At a glance: how many trials came to which end, and the best with what it was tried with."""
        handle = swept(fails_at(1, ValueError("no")), catch=ValueError)
        best = handle.best
        assert (
            f"Sweep({handle.run.name}: 2 complete, 1 failed; best acc={best.value:.4g} in trial {best.number} "
            f"(x={best.params['x']:.4g}))"
        ) == repr(handle)
        assert repr(swept(two, timeout=0)).endswith(": no trials; no best)")

    def test_pandas_is_loaded_for_who_asks(self):
        """Neither importing nor defining a sweep loads pandas or Optuna."""
        code = "import sys, tracked; tracked.tracked_sweep(n_trials=3)(lambda trial: 1)"
        check = "sys.exit(bool({'pandas', 'optuna', 'numpy'} & set(sys.modules)))"
        assert 0 == subprocess.run([sys.executable, "-c", f"{code}; {check}"], check=False).returncode

    def test_a_continued_study_has_its_old_best(self, tmp_path):
        """The best may be of an earlier call: then it is known by its figures, and its run is not."""
        options = {
            "storage": f"sqlite:///{tmp_path}/study.db",
            "study_name": "s",
            "seed": None,
            "sampler": optuna.samplers.RandomSampler(seed=1),
        }
        first = swept(lambda trial: {"acc": 5 + x_of(trial)}, **options, n_trials=1)
        second = swept(lambda trial: {"acc": x_of(trial)}, **options, n_trials=2)
        assert ([0], [1]) == tuple([trial.number for trial in sweep.trials] for sweep in (first, second))
        assert first.best == second.best.__class__(**{**vars(second.best), "metrics": first.best.metrics})
        assert second.best.run is None


class TestKey:
    def test_configs_make_the_study(self):
        """Where the configs are arguments, they and the model are the key, whatever else is bound."""

        @tracked_sweep(n_trials=1, maximize="acc")
        def search(trial, data_config, hpo_config, train_config, backbone, note="a"):
            return two(trial)

        given = {
            "data_config": {"d": 1},
            "hpo_config": {"search_space": {"lr": [1e-5, 1]}},
            "train_config": {"t": 1},
        }
        with captured() as runs:
            search(**given, backbone="bert")
            search(**given, backbone="bert", note="b")
            search(**given, backbone="gpt")
            keys = [run.tags[t.STUDY_KEY_HASH] for run in runs.runs if run.tags[t.STAGE] == "hpo"]
            families = {run.tags[t.STUDY_FAMILY_HASH] for run in runs.runs if run.tags[t.STAGE] == "hpo"}
        assert study_key(*given.values(), "bert").hash == keys[0] == keys[1] != keys[2]
        assert 1 == len(families)

    @pytest.mark.parametrize("name", ["search_space", "hpo_config"])
    def test_one_space_is_one_study(self, name):
        """The same space in two notations is one study, as an argument and in a config; another one is another."""

        @tracked_sweep(n_trials=1, maximize="acc")
        def search(trial, **settings):
            return two(trial)

        spaces = [
            {"lr": ("loguniform", 1e-5, 1e-1)},
            {"lr": {"type": "loguniform", "min_value": "1e-5", "max_value": "1e-1"}},
            {"lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)},
            {"lr": ("loguniform", 1e-5, 1)},
        ]
        with captured() as runs:
            for space in spaces:
                search(**{name: space if name == "search_space" else {"search_space": space}})
            keys = [run.tags[t.STUDY_KEY_HASH] for run in runs.runs if run.tags[t.STAGE] == "hpo"]
        assert keys[0] == keys[1] == keys[2] != keys[3]


@tracked_sweep(n_trials=5, maximize="acc", minimize="latency", seed=1, catch=ValueError)
def front(trial):
    """Two objectives, and a trial that fails."""
    if trial.number == 2:
        raise ValueError("no")
    return two(trial)


@tracked_sweep(n_trials=4, maximize="acc", pruner=PRUNER)
def pruned(trial):
    """The last trial is pruned by what its training logs."""
    x_of(trial)
    return stepwise(trial, trial.number < 3)


@tracked_sweep(
    sampler="grid", minimize="cost", callbacks=lambda sweep, trial: tracked.track.log(seen=trial.number)
)
def grid(trial):
    """Six cells."""
    return {"cost": trial.suggest_int("a", 1, 3) * trial.suggest_categorical("b", [1, 2])}


@tracked_sweep(n_trials=2, maximize="acc")
def never(trial):
    """Says another name."""
    return {"accuracy": x_of(trial)}


@tracked_training
def fit(x):
    """A training inside the user's own loop."""
    return x


@tracked_sweep(minimize="loss")
def own(study):
    """Optuna's own loop."""
    study.optimize(lambda trial: fit(x_of(trial)), n_trials=3)
    return study


def test_on_a_real_store(tmp_path):
    """What every form of sweep promises stands in sqlite, read by plain MLflow."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracked.setup_mlflow("sweeps", tracking_uri=uri)
    handle, stopped, cells = front(), pruned(), grid()
    with pytest.raises(MetricNotFound, match="accuracy"):
        never()
    study = own(optuna.create_study())
    assert tracked.sync()

    runs = all_runs(MlflowClient(uri), "sweeps").values()
    sweeps = {run.name.rpartition("-")[0]: run for run in runs if run.tags[t.STAGE] == "hpo"}
    trials = [run for run in runs if run.tags[t.STAGE] == "hpo_trial"]
    assert 5 + 4 + 6 + 2 == len(trials)
    assert ", ".join(str(trial.number) for trial in handle.pareto) == sweeps["front"].tags[t.PARETO]
    assert (*handle.best.values, 1.0) == tuple(
        sweeps["front"].metrics[name] for name in ("acc", "latency", "n_failed_trials")
    )
    best = next(run for run in trials if run.run_id == sweeps["front"].tags[t.BEST_TRIAL_RUN_ID])
    assert (repr(handle.best.params["x"]), sweeps["front"].run_id) == (
        best.params["x"],
        best.tags[t.MLFLOW_PARENT],
    )
    assert ("pruned", 1.0) == (stopped.trials[3].state, sweeps["pruned"].metrics["n_pruned_trials"])
    assert (1.0, 1, []) == (sweeps["grid"].metrics["cost"], cells.best.value, cells.missing())
    assert b'{"a":{"high":3,"low":1,"type":"int"},"b":[1,2]}' == sweeps["grid"].artifacts["search_space.json"]
    assert ("FAILED", 2.0) == (sweeps["never"].status, sweeps["never"].metrics["n_failed_trials"])
    assert {"FAILED"} == {r.status for r in trials if r.tags[t.MLFLOW_PARENT] == sweeps["never"].run_id}
    assert (study.best_value, "minimize", "FINISHED") == (
        sweeps["own"].metrics["loss"],
        sweeps["own"].tags[t.DIRECTION],
        sweeps["own"].status,
    )
    fits = [run for run in runs if run.name.startswith("fit")]
    assert [sweeps["own"].run_id] * 3 == [run.tags[t.MLFLOW_PARENT] for run in fits]
