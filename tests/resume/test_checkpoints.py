"""Checkpoints of several attempts at one run, on a real database."""

from __future__ import annotations

import pytest
from mlflow import MlflowClient

from tracked import setup_mlflow, sync, track, tracked_training


@pytest.fixture
def uri(tmp_path, templates):
    """A database of MLflow's that this process writes to."""
    uri = f"sqlite:///{tmp_path}/store/mlflow.db"
    setup_mlflow("checkpoints", tracking_uri=uri)
    return uri


def test_what_is_kept_counts_over_all_attempts(uri):
    """Checkpoints without a step count on, and `keep_last` lets go of those of the attempt before."""
    seen, fails = [], [True, False]

    @tracked_training(on_existing="resume", key="x")
    def train(x=1):
        seen.append(track.resume_from and (track.resume_from / "checkpoint.bin").read_bytes())
        for name in (b"one", b"two", b"three"):
            track.checkpoint(name + bytes(str(len(seen)), "ascii"), keep_last=2)
        if fails.pop(0):
            raise RuntimeError("half way")
        return track.current().id

    with pytest.raises(RuntimeError):
        train()
    run_id = train()
    assert [None, b"three1"] == seen
    sync()
    found = MlflowClient(uri).list_artifacts(run_id, "checkpoints")
    assert ["checkpoints/step-4", "checkpoints/step-5"] == [f.path for f in found]


def test_a_damaged_checkpoint_is_left_out_for_the_one_before(uri, tmp_path, capsys):
    """What does not fit its digest is never gone on from, and that is said; its folder here goes with the run."""
    seen, fails = [], [True, False]

    @tracked_training(on_existing="resume", key="x")
    def train(x=1):
        if (found := track.resume_from) is not None:
            assert found is track.resume_from
            seen.append((found, found.name, (found / "checkpoint.bin").read_bytes()))
        for step in range(2):
            track.checkpoint(bytes([step]) * 100, step=step)
        if fails.pop(0):
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        train()
    sync()
    copies = list(tmp_path.rglob("step-1/checkpoint.bin"))
    (stored,) = [path for path in copies if "mlartifacts" in path.parts]
    stored.write_bytes(b"x" * 100)
    train()
    ((folder, name, content),) = seen
    assert (name, content) == ("step-0", bytes(100))
    assert not folder.exists()
    assert "does not go on from its checkpoint checkpoints/step-1" in capsys.readouterr().err
