"""Azure ML itself, for who has a workspace: AZURE_LIVE_CONFIG=config.json make test-azure."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest

import tracked
from tracked import track

GIVEN = {name: value for name, value in os.environ.items() if name.startswith("AZURE_")}
"""Before the tests' own fixtures take it away."""
CONFIG = GIVEN.get("AZURE_LIVE_CONFIG", "")


@pytest.mark.skipif(
    not CONFIG, reason="AZURE_LIVE_CONFIG names no workspace: the emulator stands in for Azure"
)
def test_a_nested_run_goes_to_azure_and_back(monkeypatch, tmp_path) -> None:
    """A run with a child, metrics, tags and an artifact is stored, found and read back byte for byte."""
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    experiment = f"tracked-smoke-{uuid4().hex[:8]}"
    client = tracked.create_ml_client_from_config(CONFIG)
    tracked.setup_mlflow(experiment, ml_client=client, fallback_to_local=False)
    with track.run("outer"), track.run("inner"):
        track.log(acc=0.5)
        track.artifact(b"hello", "a.bin")
    assert tracked.sync(300)
    inner = tracked.find_mlflow_run(experiment, where={"attributes.run_name": "inner"})
    assert 0.5 == inner.data.metrics["acc"]
    assert "mlflow.parentRunId" in inner.data.tags
    got = tracked.download_artifacts(inner.info.run_id, "a.bin", tmp_path)
    assert b"hello" == Path(got).read_bytes()
