"""The description of a run: who has one, what is in it, and what it leaves alone."""

import pytest
from mlflow import MlflowClient

import tracked
from tests.scripts import called
from tracked import (
    setup_mlflow,
    track,
    tracked_benchmark,
    tracked_conversion,
    tracked_sweep,
    tracked_training,
)
from tracked import tags as t
from tracked.notes import BEGIN, END
from tracked.testing import captured


@tracked_training
def train(x, token=""):
    """A training that says what it reached."""
    return {"acc": x}


@tracked_sweep(n_trials=3, maximize="acc", seed=1)
def sweep(trial):
    """A small sweep."""
    return train(trial.suggest_float("x", 0, 1))


def note(run):
    """What MLflow's UI shows as the description."""
    return run.tags.get(t.MLFLOW_NOTE)


class TestWho:
    def test_a_root_has_one(self):
        """Function, end state, metrics and files are told."""
        with captured() as runs:
            train(0.5)
            text = note(runs["train"])
        assert text.startswith(
            f"`acc` 0.5 {BEGIN}  \ntraining `{train.__module__}.train` **FINISHED** after "
        )
        assert text.endswith(END)

    def test_sweeps_benchmarks_and_conversions_have_one_wherever_they_stand(self):
        """Each stage that is looked at by itself; trials and trainings inside are told of from above."""
        with captured() as runs:
            with track.run("root"):
                sweep()
                tracked_benchmark(repeat=2, warmup=0)(lambda: None)()
                tracked_conversion(lambda: b"model")()
                train(1)
            described = {run.tags.get(t.STAGE) for run in runs.runs if note(run)}
            trained = called(runs.runs, "train")
        assert {None, "hpo", "benchmark", "conversion"} == described
        assert 4 == len(trained)

    def test_a_training_with_a_note_has_one(self):
        """Whoever describes a run wants to read of it."""
        with captured() as runs:
            with track.run("root"), track.run("inner", kind="training"):
                track.note("first")
                track.note("Mine")
                track.log(acc=1)
            text = note(runs["inner"])
        assert text.startswith(f"Mine\n\n`acc` 1 {BEGIN}  \ntraining **FINISHED**")
        assert "first" not in text

    def test_a_call_that_logs_nothing_has_none(self):
        """What has nothing to tell pays for nothing."""
        with captured() as runs:
            tracked_training(lambda: None)()
            assert [None] == [note(run) for run in runs.runs]


class TestWhat:
    def test_a_sweep_tells_its_best(self):
        """Best trial, value, hyperparameters, counts by state, files and trials."""
        with captured() as runs:
            best = sweep().best
            text = note(runs["sweep"])
        told = f"Best of 3 trials (3 complete): trial {best.number}, `acc` {best.values[0]:.4g} with `x` "
        assert told in text
        assert "`search_space.json` (" in text
        assert "- `trial-0` hpo_trial FINISHED: `acc` " in text

    def test_a_sweep_without_a_best_says_so(self):
        """Trials that failed are counted; there is no best."""

        @tracked_sweep(n_trials=2, maximize="acc", catch=ValueError)
        def failing(trial):
            raise ValueError("no")

        with captured() as runs:
            failing()
            assert "2 trials (2 failed), and none is the best" in note(runs["failing"])

    def test_a_failure_says_why(self):
        """The reason is in the first line, without the secret in it."""
        with captured() as runs:
            with pytest.raises(ValueError, match="bad"), track.run("r", password="hunter22"):
                raise ValueError("bad hunter22")
            text = note(runs["r"])
        assert "**FAILED** after 0.0 s: `ValueError: bad ***`" in text

    def test_no_secret_is_in_it(self, monkeypatch):
        """Neither in a hyperparameter nor in the name of a file or of a metric."""
        monkeypatch.setenv("SERVICE_PASSWORD", "correct-horse")

        @tracked_sweep(n_trials=1, maximize="acc")
        def search(trial):
            trial.suggest_categorical("api_key", ["k-1234567"])
            trial.suggest_categorical("word", ["correct-horse"])
            track.artifact(b"x", "correct-horse.txt")
            return 1.0

        with captured() as runs:
            with track.run("root"):
                search()
                track.artifact(b"x", "correct-horse.txt")
            texts = [note(runs["root"]), note(runs["search"])]
        assert all(text and "correct-horse" not in text and "k-1234567" not in text for text in texts)

    def test_many_parts_are_counted_by_kind(self):
        """A hundred children are one line; what stands alone among them keeps its own."""
        with captured() as runs:
            with track.run("root"):
                sweep()
                for x in range(20):
                    train(x)
            text = note(runs["root"])
        assert "- 20 times training FINISHED" in text
        assert "hpo FINISHED: `acc` " in text

    def test_files_are_bounded(self):
        """Fifteen are named; one that is replaced is named once, with its last size."""
        with captured() as runs:
            with track.run("root"):
                for n in range(20):
                    track.artifact(b"12", f"f{n}")
                track.artifact(b"123", "f0")
            text = note(runs["root"])
        assert "`f0` (3 B), `f1` (2 B)" in text
        assert "`f14` (2 B) and others" in text
        assert "f15" not in text

    def test_calls_in_one_run_are_told_of_once(self):
        """The calls of an aggregate are one run inside; a note in one of them is the note of all."""

        @tracked_training(per_call="aggregate")
        def one(x):
            track.note("Both")
            return {"acc": x}

        with captured() as runs:
            with track.run("root"):
                one(1.0)
                one(2.0)
            text, whole = note(runs["root"]), note(runs["one"])
        assert 1 == text.count("training FINISHED")
        assert whole.startswith("Both\n\n`acc` 2, ")


class TestTheirs:
    def test_what_others_wrote_meanwhile_stays(self, tmp_path):
        """On sqlite: what MLflow's own API wrote into the description while the run was open stands above ours."""
        client = MlflowClient(setup_mlflow(f"sqlite:///{tmp_path}/mlflow.db"))
        with track.run("root") as run:
            track.log(acc=1)
            track.note("Note")
            tracked.sync()
            client.set_tag(run.id, t.MLFLOW_NOTE, "Edited in the UI")
        tracked.sync()
        text = client.get_run(run.id).data.tags[t.MLFLOW_NOTE]
        assert text.startswith(f"Edited in the UI\n\n`acc` 1 {BEGIN}  \nrun **FINISHED**")

    def test_a_run_of_somebody_else_keeps_its_description(self, tmp_path, monkeypatch):
        """On sqlite: of a run that was handed over nothing is told; a note goes below what is there."""
        uri = setup_mlflow(f"sqlite:///{tmp_path}/mlflow.db")
        client = MlflowClient(uri)
        theirs = {t.MLFLOW_NOTE: "The platform's"}
        jobs = [client.create_run("0", tags=theirs).info.run_id for _ in range(2)]
        for job, text in zip(jobs, ("", "Mine"), strict=True):
            monkeypatch.setenv("MLFLOW_RUN_ID", job)
            with track.run("r"):
                track.log(acc=1)
                if text:
                    track.note(text)
        tracked.sync()
        silent, noted = (client.get_run(job).data.tags[t.MLFLOW_NOTE] for job in jobs)
        assert "The platform's" == silent
        assert f"The platform's\n\n{BEGIN}\nMine\n{END}" == noted
