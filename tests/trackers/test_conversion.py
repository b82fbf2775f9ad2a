"""Conversions by hand, on a real sqlite store."""

from __future__ import annotations

import pytest

import tracked
from tracked import MLflowConversionTracker, MLflowTrainingTracker
from tracked import tags as t

MB = 2**20


@pytest.fixture
def model(tmp_path):
    """A model of half an MB and what its conversion printed."""
    (tmp_path / "model.onnx").write_bytes(bytes(MB // 2))
    (tmp_path / "conversion-1.log").write_text("done")
    return tmp_path / "model.onnx"


def test_a_conversion_by_hand_logs_what_the_former_system_logged(store, model):
    """Params, metrics, tags and files have its names, and it stands under the training that it came from."""
    with MLflowTrainingTracker().start_training_run("trained", "bert") as training:
        pass
    tracker = MLflowConversionTracker(store.experiment)
    context = {"model": "bert", "parent_training_id": "p1", "conv_fp": "c" * 16}
    with tracker.start_conversion_run("converted", "onnx", training, context) as handle:
        tracker.log_conversion_parameters("ckpt", "onnx", "int8", 17, "bert")
        tracker.log_conversion_results(True, model, 2.0, True, model.parent / "conversion-1.log")
    run = store["converted"]
    assert {
        "conversion_source": "ckpt",
        "conversion_target": "onnx",
        "quantization": "int8",
        "onnx_opset_version": "17",
        "conversion_backbone": "bert",
    } == run.params
    assert {
        "conversion_success": 1.0,
        "onnx_model_size_mb": 0.5,
        "compression_ratio": 4.0,
        "smoke_test_passed": 1.0,
    } == run.metrics
    assert {"onnx_model/model.onnx", "conversion_log.txt"} == set(run.artifacts)
    assert b"done" == run.artifacts["conversion_log.txt"]
    source = store["trained"].run_id
    assert {
        t.STAGE: "conversion",
        t.CONVERSION_TYPE: "onnx",
        t.MLFLOW_RUN_TYPE: "conversion",
        t.SOURCE_RUN: source,
        t.MLFLOW_PARENT: source,
        t.CONVERSION_FORMAT: "onnx",
        t.CONVERSION_OPSET: "17",
        t.CONVERSION_QUANTIZATION: "int8",
    }.items() <= run.tags.items()
    assert f"conversion:bert:p1:conv_{'c' * 16}" == handle.run_key


def test_a_conversion_that_failed_says_so(store):
    """No model, no sizes, no artifact; what was asked of it is a metric of 0."""
    tracker = MLflowConversionTracker()
    with tracker.start_conversion_run("failed", "onnx"):
        tracker.log_conversion_results(False, "missing.onnx", 2.0, False)
    assert {"conversion_success": 0.0, "smoke_test_passed": 0.0} == store["failed"].metrics
    assert {} == store["failed"].artifacts


@pytest.mark.parametrize(
    ("switch", "kept"),
    [("log_onnx_model", {"conversion_log.txt"}), ("log_conversion_log", {"onnx_model/model.onnx"})],
)
def test_a_switch_leaves_its_artifact_out(use, model, switch, kept):
    """Each ``log_*`` switch skips its artifact and no other; figures stay."""
    store = use()
    tracked.configure(switches={"conversion": {switch: False}})
    tracker = MLflowConversionTracker()
    with tracker.start_conversion_run("switched", "onnx"):
        tracker.log_conversion_results(True, model, conversion_log_path=model.parent / "conversion-1.log")
    assert kept == set(store["switched"].artifacts)
    assert 0.5 == store["switched"].metrics["onnx_model_size_mb"]


def test_conversions_are_switched_off(use, model):
    """No run, and the block still runs."""
    store = use()
    tracked.configure(switches={"conversion": {"enabled": False}})
    tracker = MLflowConversionTracker()
    with tracker.start_conversion_run("off", "onnx") as handle:
        tracker.log_conversion_results(True, model)
    assert not handle
    assert [] == store.runs
