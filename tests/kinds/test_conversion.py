"""What ``@tracked_conversion`` tells of a result and its source, and how it verifies."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mlflow import MlflowClient

import tracked
from tests.stores import all_runs
from tracked import session, track, tracked_conversion, tracked_training
from tracked import tags as t
from tracked.errors import ConfigError
from tracked.testing import captured

MODEL = b"\x08\x07onnx" * 1000
MB = 2**20


class OnnxModel:
    """What of an ONNX ``ModelProto`` is looked at."""

    opset_import = (SimpleNamespace(domain="ai.onnx.ml", version=1), SimpleNamespace(domain="", version=17))

    def SerializeToString(self):  # noqa: N802 - protobuf's name
        return MODEL


@tracked_conversion
def convert(result, **more):
    """Any result."""
    return result


def converted(result, **more):
    """The run of a conversion that returns this."""
    with captured() as runs:
        assert result is convert(result, **more)
        return runs["convert"]


def test_a_real_store_has_the_file_its_size_its_source_and_the_verdict(tmp_path: Path) -> None:
    """On sqlite: the file byte for byte, sizes, ratio, SHA-256, format, opset, quantization, source run and parity."""
    checkpoint = tmp_path / "model.pt"
    checkpoint.write_bytes(MODEL * 4)

    @tracked_training
    def train():
        return track.current()

    @tracked_conversion(verify=lambda path, *_: (np.array([[1.0, 2.0]]), [[1.0, 2.0004]]))
    def to_onnx(source_training_run, checkpoint_path: Path, format, opset_version, quantization=None):  # noqa: A002
        (tmp_path / "model.onnx").write_bytes(MODEL)
        return tmp_path / "model.onnx"

    tracked.setup_mlflow("converted", tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    to_onnx(train(), checkpoint, "onnx", 17, "int8")
    assert tracked.sync()
    runs = all_runs(MlflowClient(f"sqlite:///{tmp_path}/mlflow.db"), "converted").values()
    (source,) = (run for run in runs if run.tags[t.STAGE] == "training")
    (run,) = (run for run in runs if run.tags[t.STAGE] == "conversion")
    assert {"model.onnx": MODEL} == run.artifacts
    assert {
        "model_size_mb": len(MODEL) / MB,
        "onnx_model_size_mb": len(MODEL) / MB,
        "compression_ratio": 4.0,
        "conversion_success": 1.0,
        "smoke_test_passed": 1.0,
        "max_abs_error": pytest.approx(4e-4),
        "max_rel_error": pytest.approx(2e-4),
    } == run.metrics
    assert ("onnx", "17", "int8", hashlib.sha256(MODEL).hexdigest()) == (
        run.tags[t.CONVERSION_FORMAT],
        run.tags[t.CONVERSION_OPSET],
        run.tags[t.CONVERSION_QUANTIZATION],
        run.tags[t.CONVERSION_SHA256],
    )
    assert (source.run_id, source.run_id) == (run.tags[t.SOURCE_RUN], run.tags[t.MLFLOW_PARENT])
    assert (str(checkpoint), "onnx", "17") == tuple(
        run.params[name] for name in ("conversion_source", "conversion_target", "onnx_opset_version")
    )


def test_bytes_are_kept_as_a_file() -> None:
    """The bytes are an artifact, named after the format where that is said."""
    run = converted(MODEL)
    assert ({"model.bin": MODEL}, {"model_size_mb": len(MODEL) / MB, "conversion_success": 1.0}) == (
        run.artifacts,
        run.metrics,
    )
    assert {"model.tflite"} == set(converted(MODEL, format="tflite").artifacts)


def test_an_onnx_model_is_kept_as_a_file() -> None:
    """A model that can be serialised is one file; format and opset are its own where no argument says them."""
    run = converted(OnnxModel())
    assert {"model.onnx": MODEL} == run.artifacts
    assert ("onnx", "17") == (run.tags[t.CONVERSION_FORMAT], run.tags[t.CONVERSION_OPSET])
    assert run.metrics["onnx_model_size_mb"] == len(MODEL) / MB
    assert not [key for key in run.tags if key.startswith("result")]


def test_a_folder_is_sized_and_digested_whole(tmp_path: Path) -> None:
    """Its size is that of all files, and its digest changes with a name as with a byte."""
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_bytes(b"1" * 10)
    (folder / "deep" / "b").write_bytes(b"2" * 20)
    first = converted(folder)
    assert 30 / MB == first.metrics["model_size_mb"]
    assert first.tags[t.CONVERSION_SHA256] == converted(folder).tags[t.CONVERSION_SHA256]
    (folder / "deep" / "b").rename(folder / "deep" / "c")
    assert first.tags[t.CONVERSION_SHA256] != converted(folder).tags[t.CONVERSION_SHA256]


@pytest.mark.parametrize("result", [None, "model.onnx", 3, {"f1": 0.5}, Path("not there")])
def test_a_result_that_is_no_model_is_logged_as_ever(result) -> None:
    """A text is never taken for a path, and what is no file has no size and no digest."""
    run = converted(result)
    assert "model_size_mb" not in run.metrics
    assert t.CONVERSION_SHA256 not in run.tags
    assert ("FINISHED", 1.0) == (run.status, run.metrics["conversion_success"])


def test_an_output_path_is_no_source(tmp_path: Path) -> None:
    """What the arguments name as the place of the result is not what the result is compared with."""
    (tmp_path / "old.onnx").write_bytes(b"x")

    @tracked_conversion
    def write(output_path: Path, target: Path):
        target.write_bytes(MODEL)
        return target

    with captured() as runs:
        write(tmp_path / "old.onnx", tmp_path / "new.onnx")
        assert "compression_ratio" not in runs["write"].metrics


def _raises(result):
    raise ArithmeticError("no runtime")


VERDICTS = [
    (lambda result: None, True),
    (lambda result: True, True),
    (lambda result: False, False),
    (lambda result: 1e-7, True),
    (lambda result: 0.5, False),
    (lambda result: {"size": 3, "nested": {"f1": 0.5}}, True),
    (lambda result: {"smoke_test_passed": False}, False),
    (lambda result, model: (model, [1, 2]), True),
    (lambda result: ([1.0, 2.0], [1.0, 2.1]), False),
    ((lambda model: model, lambda result: [1, 2.0]), True),
    ((lambda model: model, lambda result: [1]), False),
    (_raises, False),
]


@pytest.mark.parametrize(("verify", "passes"), VERDICTS)
def test_the_verdict_is_the_end_of_the_run_and_the_result_is_the_callers(verify, passes, capsys) -> None:
    """A result that is found wrong makes the run FAILED; it is kept there, and the caller has it all the same."""

    @tracked_conversion(verify=verify)
    def checked(model):
        return MODEL

    with captured() as runs:
        assert checked([1, 2]) is MODEL
        run = runs["checked"]
    assert ("FINISHED" if passes else "FAILED", float(passes)) == (
        run.status,
        run.metrics["smoke_test_passed"],
    )
    assert float(passes) == run.metrics["conversion_success"]
    assert {"model.bin": MODEL} == run.artifacts
    assert (0 if passes else 1) == capsys.readouterr().err.count("its result is kept, and given back")


def test_a_verification_that_raises_is_recorded(tmp_path: Path) -> None:
    """Type, text and place of its error are tags, and a returned file is kept once."""

    @tracked_conversion(verify=_raises)
    def checked():
        (tmp_path / "model.onnx").write_bytes(MODEL)
        return tmp_path / "model.onnx"

    with captured() as runs:
        assert tmp_path / "model.onnx" == checked()
        run = runs["checked"]
        (journal,) = session.current().folder.journals()
        assert 1 == journal.read_bytes().count(b'["artifact",')
    assert ("FAILED", {"model.onnx": MODEL}) == (run.status, run.artifacts)
    assert ("ArithmeticError", "no runtime") == (run.tags[t.ERROR_TYPE], run.tags[t.ERROR_MESSAGE])
    assert "_raises" in run.tags[t.ERROR_TRACEBACK]


def test_nothing_is_logged_twice_where_the_verdict_ended_the_run() -> None:
    """What a returned mapping says is one point, though the run is over before the function's caller goes on."""

    @tracked_conversion(verify=lambda result: False)
    def checked():
        return {"f1": 0.5}

    with captured() as runs:
        checked()
        run = runs["checked"]
    assert "FAILED" == run.status
    assert ["conversion_success", "f1", "smoke_test_passed"] == sorted(p.key for p in run.points)


def test_a_wrong_result_says_how_wrong() -> None:
    """The reason is a tag that tells how many values are off and by how much."""

    @tracked_conversion(verify=lambda result: ([1.0, 2.0, 3.0], [1.0, 2.5, 3.0]), atol=0.1, rtol=0)
    def checked():
        return MODEL

    with captured() as runs:
        checked()
        run = runs["checked"]
    assert "1 of 3 values are off, by 0.5 at most" == run.tags[t.END_REASON]
    assert (0.5, 0.25) == (run.metrics["max_abs_error"], run.metrics["max_rel_error"])


def test_ctrl_c_while_verifying_is_the_users() -> None:
    """Only an error is the verification's: an interrupt goes through, and the run is KILLED."""

    def interrupted(result):
        raise KeyboardInterrupt

    @tracked_conversion(verify=interrupted)
    def checked():
        return MODEL

    with captured() as runs:
        with pytest.raises(KeyboardInterrupt):
            checked()
        assert "KILLED" == runs["checked"].status


def test_an_exception_of_the_conversion_is_the_callers() -> None:
    """The very exception comes out, nothing is verified, and the run says that there was no success."""
    error, verified = OSError("disk"), []

    @tracked_conversion(verify=verified.append)
    def fails():
        raise error

    with captured() as runs:
        with pytest.raises(OSError, match="disk") as raised:
            fails()
        run = runs["fails"]
    assert (error, []) == (raised.value, verified)
    assert ("FAILED", {"conversion_success": 0.0}) == (run.status, run.metrics)


def test_without_tracking_nothing_is_verified() -> None:
    """Verification belongs to the run: where there is none, only the function is called."""
    verified = []

    @tracked_conversion(verify=verified.append)
    def quiet():
        return 5

    with track.disabled():
        assert 5 == quiet()
    assert [] == verified


async def _coroutine():
    pass


@pytest.mark.parametrize(
    ("options", "function"),
    [
        ({"verify": 3}, len),
        ({"verify": (len,)}, len),
        ({"verify": (len, 3)}, len),
        ({"rtol": -1}, len),
        ({"atol": "0"}, len),
        ({"verify": len}, _coroutine),
        ({"verfy": len}, len),
    ],
)
def test_what_cannot_be_is_refused_at_decoration(options, function) -> None:
    """An option that cannot be followed is a ConfigError, before anything runs."""
    with pytest.raises(ConfigError):
        tracked_conversion(**options)(function)
