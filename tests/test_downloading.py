"""Reading back what was kept, from a real database and a real server."""

from __future__ import annotations

import os

import pytest

import tracked
from tracked import track
from tracked.downloading import best_checkpoint, download_artifacts, last_complete_checkpoint
from tracked.errors import ArtifactNotFound, ConfigError, DigestMismatch, RunNotFound


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.server)])
def uri(request, tmp_path, monkeypatch):
    """The default store of this test; the shipper is a thread, since MLflow is here already."""
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")
    found = (
        f"sqlite:///{tmp_path}/mlflow.db"
        if request.param == "sqlite"
        else request.getfixturevalue("server_uri")
    )
    tracked.setup_mlflow(f"downloads {os.urandom(4).hex()}", tracking_uri=found)
    return found


@pytest.fixture
def folder(tmp_path):
    top = tmp_path / "model"
    (top / "deep").mkdir(parents=True)
    (top / "w é.bin").write_bytes(bytes(range(256)) * 100)
    (top / "deep" / "empty").touch()
    return top


def test_what_was_kept_comes_back(uri, folder, tmp_path):
    """By the run or by its id, right after it was kept: what this process wrote is delivered first."""
    with track.run("r") as run:
        track.artifact(folder, "model")
    got = download_artifacts(run, "model", tmp_path / "got")
    assert (folder / "w é.bin").read_bytes() == (got / "w é.bin").read_bytes()
    assert (got / "deep" / "empty").exists()
    assert (download_artifacts(run.id) / "model" / "w é.bin").exists()


def test_damage_is_told(uri, folder, tmp_path):
    """An artifact that somebody has written over is not given as what was kept."""
    from mlflow import MlflowClient

    with track.run("r") as run:
        track.artifact(folder, "model")
    other = tmp_path / "w é.bin"
    other.write_bytes(b"other")
    run_id = run.id
    tracked.sync()
    MlflowClient(uri).log_artifact(run_id, str(other), "model")
    with pytest.raises(DigestMismatch, match="model/w"):
        download_artifacts(run_id, "model", tmp_path / "got")
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize("nothing", [None, "", 3])
def test_no_run_is_told(nothing, uri):
    """What names no run is an error of the call."""
    with pytest.raises(ConfigError, match="MLflow run id"):
        download_artifacts(nothing)


def test_an_unknown_run_or_artifact_is_told(uri):
    """The errors are typed and name what was looked for."""
    with pytest.raises(RunNotFound, match="0123"):
        download_artifacts("0123" * 8)
    with track.run("r") as run:
        track.artifact(b"x", "there.txt")
    with pytest.raises(ArtifactNotFound, match=r"nowhere.*there\.txt"):
        download_artifacts(run, "nowhere")


def test_checkpoints_are_found(uri, tmp_path):
    """The last and the best whole checkpoint of a run, to be fetched by their path."""
    with track.run("r") as run:
        assert None is last_complete_checkpoint(run)
        for step, acc in enumerate([0.3, 0.9, 0.5, 0.4]):
            track.log(acc=acc)
            track.checkpoint(b"weights %d" % step, step=step, monitor="acc", keep_best=1, keep_last=2)
    last, best = last_complete_checkpoint(run), best_checkpoint(run.id)
    assert (3, 1, 0.9) == (last.step, best.step, best.value)
    assert 3 == best_checkpoint(run, mode="min").step
    got = download_artifacts(run, best.path, tmp_path)
    assert b"weights 1" == (got / "checkpoint.bin").read_bytes()
    with pytest.raises(ArtifactNotFound):
        download_artifacts(run, "checkpoints/step-0")
    with pytest.raises(ConfigError, match="best"):
        best_checkpoint(run, mode="best")
