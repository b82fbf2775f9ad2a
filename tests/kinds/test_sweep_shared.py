"""Sweeps whose study is in a storage: gone on with, joined, retried; and storages that cannot be had."""

import threading

import optuna
import pytest

from tests.kinds.test_sweep import fails_at, train, trials_of, x_of
from tests.scripts import await_, called, values
from tracked import tags as t
from tracked import tracked_sweep, tracked_training
from tracked.errors import BackendUnavailable, ConfigError
from tracked.sweeps import Search
from tracked.sweeps.shared import SharedStudy
from tracked.testing import captured


@pytest.fixture
def storage(tmp_path):
    """A journal."""
    return tmp_path / "study.log"


def sweep_of(function, storage, **options):
    """A sweep with a study in that storage."""
    usual = {"n_trials": 4, "maximize": "acc", "study_name": "s"}
    return tracked_sweep(**{**usual, "storage": storage, **options})(function)


class TestGoingOn:
    def test_an_interrupted_sweep_goes_on(self, storage):
        """Called again, it tries what is missing, under the run that it had, and gives back all."""
        stops = [2]

        def search(trial):
            if trial.number in stops:
                raise KeyboardInterrupt
            return train(x_of(trial))

        sweep = sweep_of(search, storage, seed=1)
        with captured() as runs:
            with pytest.raises(KeyboardInterrupt):
                sweep()
            assert "KILLED" == runs["search"].status
            stops.clear()
            done = sweep()
            (parent,) = called(runs.runs, "search")
            trials = trials_of(runs)
        assert ("FINISHED", "2", None) == (
            parent.status,
            parent.tags[t.ATTEMPT],
            parent.tags.get(t.END_REASON),
        )
        assert {parent.run_id} == {trial.tags[t.MLFLOW_PARENT] for trial in trials}
        assert [0, 1, 2, 3, 4] == [trial.number for trial in done.trials]
        assert ["complete", "complete", "failed", "complete", "complete"] == [
            one.state for one in done.trials
        ]
        assert (4.0, 1.0, []) == (
            parent.metrics["n_complete_trials"],
            parent.metrics["n_failed_trials"],
            done.missing(),
        )
        assert done.best.value == parent.metrics["acc"]

    def test_a_sweep_that_is_done_tries_nothing(self, storage):
        """Called once more, it gives back what it found, with what each trial measured."""
        sweep = sweep_of(lambda trial: train(x_of(trial)), storage, name="s")
        with captured() as runs:
            first = sweep()
            second = sweep()
            assert 4 == len(trials_of(runs))
            assert 1 == len(called(runs.runs, "s"))
            assert first.best == second.best
            assert first.best.run.id == second.best.run.id
            assert first.trials == second.trials
            assert first.pareto == second.pareto

    def test_more_trials(self, storage):
        """With a larger number it goes on; the steps of the sweep's own metric are the numbers of its trials."""

        def search(trial):
            return {"acc": trial.number}

        with captured() as runs:
            sweep_of(search, storage, n_trials=2)()
            done = sweep_of(search, storage, n_trials=3)()
            parent = runs["search"]
        assert (3, 2.0) == (len(done.trials), done.best.value)
        assert [0.0, 1.0, 2.0] == values(parent, "acc")

    def test_the_study_goes_by_its_key(self, storage):
        """The same configs are the same study, and others another, unless a name is given."""

        def search(trial, data_config, note=""):
            return train(x_of(trial))

        sweep = sweep_of(search, storage, n_trials=1, study_name=None)
        with captured() as runs:
            sweep({"d": 1})
            sweep({"d": 2})
            sweep_of(search, storage, n_trials=1, study_name="mine")({"d": 1})
            keys = {run.tags[t.STUDY_KEY_HASH] for run in called(runs.runs, "search")}
        journal = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(storage)))
        names = {study.study_name for study in journal.get_all_studies()}
        assert keys | {"mine"} == names
        assert 3 == len(names)

    def test_threads_share_one_run(self, storage):
        """Two threads that call the same sweep at once are two workers under one run."""
        meeting = threading.Barrier(2)

        def search(trial):
            if trial.number < 2:
                meeting.wait(30)
            return train(x_of(trial))

        sweep, found = sweep_of(search, storage, n_trials=6), []
        with captured() as runs:
            threads = [threading.Thread(target=lambda: found.append(sweep())) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            (parent,) = called(runs.runs, "search")
            trials = trials_of(runs)
        assert ("FINISHED", 6) == (parent.status, len(trials))
        assert (None, [6.0]) == (parent.tags.get(t.ATTEMPT), values(parent, "n_trials"))
        assert {parent.run_id} == {trial.tags[t.MLFLOW_PARENT] for trial in trials}
        assert found[0].trials == found[1].trials
        assert found[0].best == found[1].best

    def test_another_store_has_a_run_of_its_own(self, storage):
        """A study that is gone on with where its run is not gets a new one."""
        sweep = sweep_of(lambda trial: train(x_of(trial)), storage, name="s", n_trials=1)
        with captured():
            sweep()
        with captured() as runs:
            sweep_of(lambda trial: train(x_of(trial)), storage, name="s", n_trials=2)()
            assert ("FINISHED", ["trial-1"]) == (runs["s"].status, [run.name for run in trials_of(runs)])

    def test_other_machines_learn_where_the_run_is(self, storage):
        """While the sweep is at work the study gets its run's MLflow id, by which workers elsewhere join it."""

        def search(trial):
            study = SharedStudy(Search(maximize="acc", storage=storage, study_name="s"))
            await_(lambda: study.parent.get("remote"), "the run's id is not told")
            return 1.0

        with captured() as runs:
            sweep_of(search, storage, n_trials=1)()
            parent = SharedStudy(Search(maximize="acc", storage=storage, study_name="s")).parent
            assert runs["search"].run_id == parent["remote"]

    def test_n_jobs_and_untracked(self, storage, monkeypatch):
        """Threads of one call share its study as well, and the sweep finds its best without tracking."""
        sweep = sweep_of(lambda trial: train(x_of(trial)), storage, n_jobs=3, n_trials=6)
        with captured() as runs:
            assert 6 == len(sweep().trials)
            assert list(range(6)) == [int(run.tags[t.TRIAL_NUMBER]) for run in trials_of(runs)]
        monkeypatch.setenv("TRACKED_DISABLED", "1")
        assert sweep().best is not None


class TestRetry:
    @pytest.mark.parametrize("is_stored", [False, True], ids=["memory", "journal"])
    def test_failed_trials_are_tried_again(self, storage, is_stored):
        """Each with the hyperparameters that it had, as a new trial under the run of the sweep."""
        fails = {1, 2}

        def search(trial):
            x = x_of(trial)
            if trial.number in fails:
                raise ValueError(x)
            return train(x)

        with captured() as runs:
            sweep = sweep_of(search, storage if is_stored else None, catch=ValueError)()
            missing = sweep.missing()
            assert [trial.params for trial in sweep.trials if trial.state == "failed"] == missing
            fails = {4}
            once = sweep.retry_failed()
            fails = set()
            twice = once.retry_failed()
            assert twice is twice.retry_failed()
            parent, trials = runs["search"], trials_of(runs)
        assert (["failed", "complete"], missing[:1]) == (
            [one.state for one in once.trials[4:]],
            once.missing(),
        )
        assert (7, []) == (len(twice.trials), twice.missing())
        assert missing == [twice.trials[5].params, twice.trials[4].params][::-1]
        assert missing[0] == twice.trials[6].params
        assert ("FINISHED", "3", 4.0) == (
            parent.status,
            parent.tags[t.ATTEMPT],
            parent.metrics["n_complete_trials"],
        )
        assert {parent.run_id} == {run.tags[t.MLFLOW_PARENT] for run in trials}

    def test_what_a_retry_raises_is_the_users(self):
        """It goes through, and the sweep's run tells of it."""
        with captured() as runs:
            sweep = tracked_sweep(n_trials=2, maximize="acc", catch=ValueError)(
                fails_at(1, ValueError("no"))
            )()
            sweep.again.__self__.objective = fails_at(2, KeyError("worse"))
            with pytest.raises(KeyError, match="worse"):
                sweep.retry_failed()
            (parent,) = [run for run in runs.runs if run.tags[t.STAGE] == "hpo"]
        assert ("FAILED", "KeyError") == (parent.status, parent.tags[t.ERROR_TYPE])


class TestBadInput:
    @pytest.mark.parametrize(
        ("storage", "error"),
        [
            ("postgresql://me:geheim@127.0.0.1:9/db", ConfigError),
            ("journal:/proc/no/study.log", BackendUnavailable),
        ],
    )
    def test_a_storage_that_cannot_be_had(self, storage, error, tmp_path, capfd):
        """A typed error, a run that failed with it, and no credentials in anything that is written or said."""
        with captured() as runs:
            with pytest.raises(error):
                sweep_of(lambda trial: 1.0, storage, name="s")()
            assert ("FAILED", f"tracked.errors.{error.__name__}") == (
                runs["s"].status,
                runs["s"].tags[t.ERROR_TYPE],
            )
            assert "geheim" not in f"{runs['s']}{capfd.readouterr()}"
            written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
            assert written
            assert not any(b"geheim" in content for content in written)

    def test_two_sweeps_of_one_name(self, storage):
        """The second says what differs; the first one's trials and run are as they were."""
        with captured() as runs:
            sweep_of(lambda trial: train(x_of(trial)), storage, name="one", study_name="s")()
            other = sweep_of(
                lambda trial: {"acc": trial.suggest_float("x", 0, 7)}, storage, name="two", study_name="s"
            )
            with pytest.raises(ConfigError, match="'x' is chosen from"):
                tracked_sweep(n_trials=9, maximize="acc", storage=storage, study_name="s")(
                    other.__wrapped__
                )()
            with pytest.raises(ConfigError, match="minimize loss"):
                sweep_of(
                    lambda trial: 1.0, storage, name="three", study_name="s", maximize=(), minimize="loss"
                )()
            assert 4 == sum(run.tags[t.TRIAL_STATE] == "complete" for run in trials_of(runs))

    def test_a_metric_that_never_came_keeps_its_trials(self, storage):
        """The study has them as failed; with the right name they are tried again."""
        search = tracked_training(lambda x: {"acc": x})

        def found(name):
            return sweep_of(
                lambda trial: search(x_of(trial)), storage, maximize=name, n_trials=2, study_name=name
            )()

        with captured():
            with pytest.raises(LookupError, match="accuracy"):
                found("accuracy")
            assert 2 == len(found("acc").trials)
