"""Uploads by hand, under the former system's names, against a real database and a real server."""

from __future__ import annotations

import json
import os
import tarfile

import pytest

import tracked
from tests.stores import read_artifacts
from tracked import track
from tracked.mlflow.artifacts.archive import create_checkpoint_archive
from tracked.mlflow.client import client_for
from tracked.testing import captured
from tracked.uploading import (
    ArtifactUploader,
    log_artifact_safe,
    log_artifacts_safe,
    upload_benchmark_artifacts,
    upload_checkpoint_archive,
    upload_conversion_artifacts,
    upload_hpo_artifacts,
    upload_training_artifacts,
)


@pytest.fixture
def files(tmp_path):
    """A checkpoint and what stands beside it."""
    top = tmp_path / "files"
    (top / "checkpoint").mkdir(parents=True)
    (top / "checkpoint" / "w.bin").write_bytes(b"weights")
    for name in ("metrics.json", "benchmark.json", "model.onnx"):
        (top / name).write_text(name)
    return top


def test_artifacts_have_exact_names(files):
    """A name with an ending is the file's own, one without is a folder: never ``metrics.json/metrics.json``."""
    with captured() as runs:
        with track.run("r"):
            assert log_artifact_safe(files / "metrics.json")
            assert log_artifact_safe(files / "metrics.json", "final.json")
            assert log_artifact_safe(files / "metrics.json", "reports")
            assert log_artifact_safe(files / "metrics.json", "v1.2/")
            assert log_artifacts_safe(files / "checkpoint")
            assert log_artifacts_safe(files / "checkpoint", "best", max_retries=1, base_delay=0.1)
        names = set(runs["r"].artifacts)
    wanted = {"metrics.json", "final.json", "reports/metrics.json", "v1.2/metrics.json"}
    assert wanted | {"checkpoint/w.bin", "best/w.bin"} == names


@pytest.mark.parametrize("upload", [log_artifact_safe, log_artifacts_safe])
def test_what_is_not_there_is_false_and_said(upload, files, capsys):
    """A missing path raises nothing; nor does a missing run."""
    with captured(), track.run("r"):
        assert not upload(files / "gone")
    assert "gone" in capsys.readouterr().err
    assert not upload(files / "metrics.json")
    assert "no tracked run around" in capsys.readouterr().err


def test_an_archive_and_its_manifest_stand_side_by_side(files):
    """The manifest is named after the archive, in each form of the former system, and the archive stays on the disk."""
    path, manifest = create_checkpoint_archive(files / "checkpoint", 3, files / "a.tar.gz")
    with captured() as runs:
        with track.run("r"):
            assert upload_checkpoint_archive(path, manifest)
            assert upload_checkpoint_archive(path, manifest, "x/final.tar.gz")
            assert upload_checkpoint_archive(path, manifest, "dir/")
            assert not upload_checkpoint_archive(files / "gone.tar.gz", manifest)
        found = runs["r"].artifacts
    assert path.exists()
    assert {
        *("best_trial_checkpoint.tar.gz", "best_trial_checkpoint_manifest.json"),
        *("x/final.tar.gz", "x/final_manifest.json"),
        *("dir/best_trial_checkpoint.tar.gz", "dir/checkpoint_manifest.json"),
    } == set(found)
    assert 3 == json.loads(found["dir/checkpoint_manifest.json"])["trial_number"]


def test_each_stage_has_its_artifacts(files):
    """The functions of the four stages keep what they kept, under exact names."""
    with captured() as runs:
        with track.run("r"):
            both = upload_training_artifacts(files / "checkpoint", files / "metrics.json")
            assert {"checkpoint": True, "metrics_json": True} == both
            assert upload_conversion_artifacts(files / "model.onnx")
            assert {"benchmark_json": True} == upload_benchmark_artifacts(files / "benchmark.json")
            assert upload_hpo_artifacts(files / "checkpoint", 5)
        found = runs["r"].artifacts
    assert {
        *("checkpoint.tar.gz", "checkpoint_manifest.json", "metrics.json", "onnx_model/model.onnx"),
        *("benchmark_results.json", "best_trial_checkpoint.tar.gz", "best_trial_checkpoint_manifest.json"),
    } == set(found)
    assert 5 == json.loads(found["best_trial_checkpoint_manifest.json"])["trial_number"]


def test_switches_turn_them_off(files, monkeypatch):
    """What the configuration switches off is skipped and False; the rest is kept."""
    monkeypatch.setenv("TRACKED_SWITCHES", "training.log_checkpoint=no, benchmark.log_artifacts=no")
    with captured() as runs:
        with track.run("r"):
            both = upload_training_artifacts(files / "checkpoint", files / "metrics.json")
            assert {"checkpoint": False, "metrics_json": True} == both
            assert {"benchmark_json": False} == upload_benchmark_artifacts(files / "benchmark.json")
            uploader = ArtifactUploader(stage="training")
            assert not uploader.upload_checkpoint(files / "checkpoint")
            assert uploader.upload_checkpoint(files / "checkpoint", skip_if_disabled=False)
            assert uploader.get_tracking_config()["log_checkpoint"] is False
        assert {"metrics.json", "checkpoint.tar.gz", "checkpoint_manifest.json"} == set(runs["r"].artifacts)


@pytest.mark.parametrize("store", ["sqlite", pytest.param("server", marks=pytest.mark.server)])
def test_a_run_named_by_its_id_gets_them(store, request, tmp_path, files, monkeypatch):
    """Any run of a real store, ended or not, whoever made it; a second upload is the same artifact."""
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")
    uri = f"sqlite:///{tmp_path}/mlflow.db" if store == "sqlite" else request.getfixturevalue("server_uri")
    tracked.setup_mlflow(f"uploads {os.urandom(4).hex()}", tracking_uri=uri)
    with track.run("r"):
        pass
    tracked.sync()
    client = client_for(uri)
    run_id = client.create_run("0").info.run_id
    client.set_terminated(run_id)
    uploader = ArtifactUploader(run_id, "hpo")
    for _ in range(2):
        assert uploader.upload_checkpoint(files / "checkpoint", "best_trial_checkpoint.tar.gz", 1)
    assert uploader.upload_file(files / "metrics.json")
    tracked.sync()
    found = read_artifacts(client, run_id)
    names = {"best_trial_checkpoint.tar.gz", "best_trial_checkpoint_manifest.json", "metrics.json"}
    assert names == set(found)
    assert "FINISHED" == client.get_run(run_id).info.status
    (tmp_path / "a.tar.gz").write_bytes(found["best_trial_checkpoint.tar.gz"])
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert ["best_trial_checkpoint/w.bin"] == tar.getnames()
