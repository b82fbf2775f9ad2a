"""Transformers' ``MLflowCallback`` in tracked functions: a BERT of two small layers, with random weights."""

import gc
import os

import mlflow
import pytest

from tests.guests.conftest import keys
from tracked import track, tracked_training

torch = pytest.importorskip("torch", reason="`make test-all` installs it where it can be had")
transformers = pytest.importorskip("transformers", reason="`make test-all` installs it")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


class Sentences(torch.utils.data.Dataset):
    """Eight sentences of four tokens."""

    def __len__(self):
        return 8

    def __getitem__(self, i):
        tokens = torch.tensor([1, 2, 3, i % 8])
        return {"input_ids": tokens, "attention_mask": torch.ones(4, dtype=torch.long), "labels": i % 2}


def trainer(tmp_path, **options):
    """A trainer of two steps that reports to MLflow."""
    config = transformers.BertConfig(
        vocab_size=16,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=8,
    )
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"),
        max_steps=2,
        logging_steps=1,
        per_device_train_batch_size=4,
        report_to=["mlflow"],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
        **options,
    )
    model = transformers.BertForSequenceClassification(config)
    return transformers.Trainer(model, arguments, train_dataset=Sentences())


def test_a_trainer_fills_the_run_and_its_end_does_not_end_it(tree, tmp_path):
    """Params and losses are in our run; ``__del__`` of the trainer's callback ends nothing of ours."""

    @tracked_training
    def train(learning_rate: float = 1e-4):
        there = trainer(tmp_path, learning_rate=learning_rate)
        there.train()
        del there
        gc.collect()
        assert mlflow.active_run() is not None
        track.log(ours=1)
        mlflow.log_metric("raw", 1)

    train()
    run = tree.alone("train")
    assert {"loss", "train_runtime", "ours", "raw"} <= keys(run)
    assert [1, 2] == sorted(point.step for point in run.points if point.key == "loss")
    assert ("0.0001", "bert") == (run.params["learning_rate"], run.params["model_type"])
    assert "FINISHED" == run.status


def test_a_nested_run_of_a_trainer_is_a_child(tree, tmp_path, monkeypatch):
    """With ``MLFLOW_NESTED_RUN`` the trainer's run stands under ours, and both end."""
    monkeypatch.setenv("MLFLOW_NESTED_RUN", "TRUE")

    @tracked_training
    def train():
        trainer(tmp_path).train()
        track.log(ours=1)

    train()
    run, (child,) = tree.of("train")
    assert "loss" in keys(child)
    assert ({"ours"}, "FINISHED", "FINISHED") == (keys(run), run.status, child.status)


def test_an_old_trainer_that_is_collected_later_ends_nothing(tree, tmp_path, monkeypatch):
    """A trainer that opened a run before ours, and is collected inside it, does not end ours."""
    old = trainer(tmp_path)
    old.train()
    old.callback_handler.callbacks[-1]._auto_end_run = True

    @tracked_training
    def train():
        nonlocal old
        old = None
        gc.collect()
        mlflow.log_metric("raw", 1)

    mlflow.end_run()
    train()
    run = next(run for run in tree.read() if "raw" in keys(run))
    assert ("FINISHED", True) == (run.status, run.name.startswith("train"))


def test_a_training_that_fails_fails_the_run(tree, tmp_path):
    """The user's exception in the middle of the trainer comes out, and nothing is left running."""

    class Stop(transformers.TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            raise ZeroDivisionError

    @tracked_training
    def train():
        there = trainer(tmp_path)
        there.add_callback(Stop())
        there.train()

    with pytest.raises(ZeroDivisionError):
        train()
    assert "FAILED" == tree.alone("train").status


def test_a_second_trainer_in_one_run_keeps_its_metrics(tree, tmp_path):
    """Its losses arrive; of a param that differs the first value stays, and with ``durable`` the other one is a tag."""

    @tracked_training
    def train():
        trainer(tmp_path, learning_rate=1e-4).train()
        trainer(tmp_path, learning_rate=1e-3).train()

    train()
    run = tree.alone("train")
    assert "0.0001" == run.params["learning_rate"]
    assert 4 == len([point for point in run.points if point.key == "loss"])
    if tree.durable:
        assert "0.001" == run.tags["tracked.param_changed.learning_rate"]
    assert "MLFLOW_RUN_ID" not in os.environ
