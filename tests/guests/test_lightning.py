"""Lightning's ``MLFlowLogger`` in tracked functions: it talks to the store by a client, past MLflow's active run."""

import mlflow
import pytest
from mlflow import MlflowClient

from tests.guests.conftest import keys
from tracked import tags as t
from tracked import track, tracked_training

torch = pytest.importorskip("torch", reason="`make test-all` installs it where it can be had")
lightning = pytest.importorskip("pytorch_lightning", reason="`make test-all` installs it where it can be had")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


class Line(lightning.LightningModule):
    """Fits a line."""

    def __init__(self, *, fails=False):
        super().__init__()
        self.save_hyperparameters()
        self.line = torch.nn.Linear(2, 1)
        self.fails = fails

    def training_step(self, batch, index):
        if self.fails and index == 1:
            raise ZeroDivisionError
        loss = self.line(batch[0]).pow(2).mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(tmp_path, *, fails=False, **options):
    """Four steps with a logger of these options."""
    from pytorch_lightning.loggers import MLFlowLogger

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(8, 2)), batch_size=2)
    trainer = lightning.Trainer(
        default_root_dir=tmp_path,
        max_epochs=1,
        logger=MLFlowLogger(tracking_uri=mlflow.get_tracking_uri(), log_model=True, **options),
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
    )
    trainer.fit(Line(fails=fails), data)


def test_with_our_id_it_logs_into_our_run(tree, tmp_path, capsys):
    """With ``run_id=track.current().id`` all lands in our run, which goes on after the logger has ended it."""

    @tracked_training
    def train():
        fit(tmp_path, run_id=track.current().id)
        if tree.durable:
            assert "RUNNING" == MlflowClient().get_run(mlflow.active_run().info.run_id).info.status
        track.log(ours=1)
        mlflow.log_metric("raw", 1)

    train()
    run = tree.alone("train")
    assert {"loss", "ours", "raw"} <= keys(run)
    assert ("False", "FINISHED") == (run.params["fails"], run.status)
    assert [name for name in run.artifacts if name.endswith(".ckpt")]
    assert tree.durable == ("was told to end the tracked run" in capsys.readouterr().err)


def test_the_function_says_how_our_run_ends(tree, tmp_path):
    """A fit that succeeds in a function that fails, and one that fails and is caught, leave the function's end."""

    @tracked_training
    def fails_later():
        fit(tmp_path, run_id=track.current().id)
        raise ZeroDivisionError

    @tracked_training
    def catches():
        with pytest.raises(ZeroDivisionError):
            fit(tmp_path, fails=True, run_id=track.current().id)

    with pytest.raises(ZeroDivisionError):
        fails_later()
    catches()
    assert "FAILED" == tree.of("fails_later")[0].status
    assert "FINISHED" == tree.of("catches")[0].status


def test_a_run_of_its_own_is_a_child(tree, tmp_path):
    """Without an id the logger's own run stands under ours, in the experiment that the logger names."""

    @tracked_training
    def train():
        fit(tmp_path, experiment_name=tree.experiment, run_name="lightning")
        track.log(ours=1)

    train()
    run, (child,) = tree.of("train")
    assert ("lightning", "FINISHED") == (child.name, child.status)
    assert "loss" in keys(child)
    assert ({"ours"}, "FINISHED") == (keys(run), run.status)
    assert t.PARENT_GUESSED not in child.tags
