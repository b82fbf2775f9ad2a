"""The plain kinds, and a kind of one's own."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scripts import parent_of
from tracked import Kind, decorator_for, track, tracked_benchmark, tracked_conversion, tracked_training
from tracked import tags as t
from tracked.errors import ConfigError
from tracked.testing import captured


def test_a_benchmark_logs_the_mapping_it_returns():
    """Numbers are metrics, nested keys are joined, texts are tags, and the caller gets the very mapping."""
    result = {"latency_ms": 3.5, "by": {"p50": 3, "p99": 9}, "device": "cpu"}

    @tracked_benchmark
    def benchmark(model: str, batch_size: int = 8):
        return result

    with captured() as runs:
        assert benchmark("distilbert") is result
        run = runs["benchmark"]
    assert {"latency_ms": 3.5, "by/p50": 3.0, "by/p99": 9.0} == run.metrics
    assert {"model": "distilbert", "batch_size": "8"} == run.params
    assert ("benchmark", "cpu", "FINISHED") == (run.tags[t.STAGE], run.tags["result.device"], run.status)


def test_a_conversion_keeps_the_file_it_returns(tmp_path):
    """A returned ``Path`` is an artifact, byte for byte."""

    @tracked_conversion
    def convert(model: str) -> Path:
        path = tmp_path / "model.onnx"
        path.write_bytes(b"\x00onnx")
        return path

    with captured() as runs:
        assert tmp_path / "model.onnx" == convert("distilbert")
        run = runs["convert"]
    assert ({"model.onnx": b"\x00onnx"}, "conversion") == (run.artifacts, run.tags[t.STAGE])
    assert {"model_size_mb", "onnx_model_size_mb", "conversion_success"} == set(run.metrics)


def test_a_conversion_keeps_files_and_numbers_of_a_mapping(tmp_path):
    """Files and metrics may come together, and a folder is kept whole."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"a")

    @tracked_conversion
    def convert():
        return {"size": 12, "folder": folder, "text": str(folder)}

    with captured() as runs:
        convert()
        run = runs["convert"]
    assert ({"size": 12.0, "conversion_success": 1.0}, {"out/a.bin": b"a"}) == (run.metrics, run.artifacts)
    assert str(folder) == run.tags["result.text"]


def test_one_kind_inside_another():
    """The stages make a tree: a benchmark inside a training is its child."""

    @tracked_benchmark
    def benchmark():
        return {"latency": 1}

    @tracked_training
    def train():
        return benchmark()

    with captured() as runs:
        train()
        assert "train" == parent_of(runs.runs, runs["benchmark"])
        assert [("train", "training"), ("benchmark", "benchmark")] == [
            (run.name.rpartition("-")[0], run.tags[t.STAGE]) for run in runs.runs
        ]


# A fifth kind, as somebody outside this package would write it.


@dataclass
class Report:
    """What an evaluation returns."""

    correct: int
    total: int
    notes: str


def _identify(call, inherited):
    """An evaluation is known by its data set, and belongs to the study around it."""
    return {**inherited, "evaluation.dataset": str(call.arguments["dataset"])}


def _read(report):
    """The one number that counts."""
    return {"accuracy": report.correct / report.total}


EVALUATION = Kind(
    "evaluation",
    identify=_identify,
    parents=("training",),
    tags={"team": "quality"},
    read=_read,
)
tracked_evaluation = decorator_for(EVALUATION)


@tracked_evaluation(name="nightly")
def evaluate(dataset: str, limit: int = 4) -> Report:
    """The user's function."""
    track.log(seen=limit)
    return Report(3, limit, "fine")


def test_a_kind_of_ones_own():
    """Stage, identity, tags and the reading of results are data; everything else comes with the mechanism."""
    with captured() as runs:
        assert Report(3, 4, "fine") == evaluate("v2")
        run = runs["nightly"]
    assert {"seen": 4.0, "accuracy": 0.75} == run.metrics
    assert {"dataset": "v2", "limit": "4"} == run.params
    assert ("evaluation", "v2", "quality") == (
        run.tags[t.STAGE],
        run.tags["evaluation.dataset"],
        run.tags["team"],
    )


def test_a_childs_keys_come_from_the_run_around():
    """What a kind's ``identify`` gives is inherited by the runs inside it."""

    @tracked_evaluation
    def inside(dataset):
        """Looks at the tags of its own run."""

    @tracked_training
    def study(study_key_hash):
        inside("v3")

    with captured() as runs:
        study("c" * 64)
        tags = runs["inside"].tags
    assert ("c" * 64, "v3") == (tags[t.STUDY_KEY_HASH], tags["evaluation.dataset"])


def test_a_reader_that_fails_costs_only_its_metrics(capsys):
    """The result goes to the caller, the run ends as finished, one line says why nothing was logged."""
    broken = decorator_for(Kind("broken", read=lambda result: 1 / 0))
    with captured() as runs:
        assert {"x": 1} == broken(lambda: {"x": 1})()
        assert ("FINISHED", {}) == (runs.runs[0].status, runs.runs[0].metrics)
    assert 1 == capsys.readouterr().err.count("ZeroDivisionError")


def test_an_identity_that_fails_costs_only_the_key():
    """Params, metrics and the end are logged all the same."""
    broken = decorator_for(Kind("broken", identify=lambda call, inherited: 1 / 0))
    with captured() as runs:
        broken(lambda lr: lr)(0.5)
        (run,) = runs.runs
    assert ({"lr": "0.5"}, {"result": 0.5}, "FINISHED") == (run.params, run.metrics, run.status)


def test_options_of_the_common_kinds_are_checked():
    """An option that belongs to another kind is named as unknown."""
    for decorator in (tracked_benchmark, tracked_conversion, tracked_evaluation):
        with pytest.raises(ConfigError, match="no option 'n_trials'"):
            decorator(n_trials=3)
