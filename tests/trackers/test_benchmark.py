"""Benchmarks by hand, on a real sqlite store."""

from __future__ import annotations

import json
import uuid

import pytest

import tracked
from tracked import MLflowBenchmarkTracker, MLflowTrainingTracker
from tracked import tags as t

DATA = {
    "batch_1": {
        "mean_ms": 5.0,
        "median_ms": 4.5,
        "p95_ms": 7.0,
        "p99_ms": 9.0,
        "throughput_docs_per_sec": 200.0,
    },
    "batch_8": {"mean_ms": 16.0, "p95_ms": "n/a", "throughput_docs_per_sec": 500.0},
}
KEY = "ab" * 32


def test_a_benchmark_by_hand_logs_what_the_former_system_logged(store, tmp_path):
    """Params, latencies by batch size, the largest batch's throughput, tags and the file have its names."""
    (tmp_path / "results-42.json").write_text(json.dumps(DATA))
    tracker = MLflowBenchmarkTracker(store.experiment)
    with tracker.start_benchmark_run(
        "timed",
        "distilbert",
        "hpo_trial",
        {"trial_id": "t03"},
        study_key_hash=KEY,
        trial_key_hash=KEY,
        benchmark_key="k",
    ) as handle:
        tracker.log_benchmark_results([8, 1], 100, 10, 512, None, tmp_path / "results-42.json", DATA)
    run = store["timed"]
    assert {
        "benchmark_batch_sizes": "[8, 1]",
        "benchmark_iterations": "100",
        "benchmark_warmup_iterations": "10",
        "benchmark_max_length": "512",
        "benchmark_device": "auto",
    } == run.params
    assert {
        "latency_batch_1_ms": 5.0,
        "latency_batch_1_p50_ms": 4.5,
        "latency_batch_1_p95_ms": 7.0,
        "latency_batch_1_p99_ms": 9.0,
        "latency_batch_8_ms": 16.0,
        "throughput_samples_per_sec": 500.0,
    } == run.metrics
    assert {
        t.STAGE: "benchmark",
        t.BENCHMARK_SOURCE: "hpo_trial",
        t.BENCHMARKED_MODEL: "distilbert",
        t.BENCHMARK_KEY: "k",
        t.MLFLOW_RUN_TYPE: "benchmark",
        t.STUDY_KEY_HASH: KEY,
        t.TRIAL_KEY_HASH: KEY,
    }.items() <= run.tags.items()
    assert DATA == json.loads(run.artifacts["benchmark_results.json"])
    assert ["benchmark_results.json"] == list(run.artifacts)
    assert "benchmark:distilbert:t03" == handle.run_key


@pytest.mark.parametrize(
    "made", [lambda: uuid.uuid4().hex, lambda: str(uuid.uuid4())], ids=["32 hex", "dashed"]
)
def test_lineage_takes_ids_of_any_form(store, made):
    """MLflow's ids are 32 hex digits, Azure's may have dashes: all of them are lineage."""
    ids = [made() for _ in range(3)]
    tracker = MLflowBenchmarkTracker()
    with tracker.start_benchmark_run(
        "lineage", "bert", hpo_trial_run_id=ids[0], hpo_refit_run_id=ids[1], hpo_sweep_run_id=ids[2]
    ):
        pass
    tags = store["lineage"].tags
    assert ids == [tags[tag] for tag in (t.HPO_TRIAL_RUN, t.HPO_REFIT_RUN, t.HPO_SWEEP_RUN)]
    assert "trial" == tags[t.PARENT_KIND]
    assert ids[0] == tags[t.MLFLOW_PARENT]


def test_lineage_takes_handles_too(store):
    """A run of this process is named by its handle, without waiting for its id, and the store has the id."""
    with MLflowTrainingTracker().start_training_run("source", "bert") as training:
        pass
    tracker = MLflowBenchmarkTracker()
    with tracker.start_benchmark_run("of-handle", "bert", parent_run_id=training, hpo_trial_run_id="f" * 32):
        pass
    tags, source = store["of-handle"].tags, store["source"].run_id
    assert {source} == {tags[tag] for tag in (t.PARENT_TRAINING_RUN, t.MLFLOW_PARENT, t.SOURCE_RUN)}
    assert ("f" * 32, "training") == (tags[t.HPO_TRIAL_RUN], tags[t.PARENT_KIND])


def test_a_hash_that_is_none_costs_the_hash_only(store, capsys):
    """The run is there, and what was wrong is said."""
    with MLflowBenchmarkTracker().start_benchmark_run("odd-hash", "bert", study_key_hash="short"):
        pass
    assert t.STUDY_KEY_HASH not in store["odd-hash"].tags
    assert "benchmark" == store["odd-hash"].tags[t.STAGE]
    assert "bert" == store["odd-hash"].tags[t.BENCHMARKED_MODEL]
    assert "64 hex" in capsys.readouterr().err


def test_benchmarks_are_switched_off_and_without_their_file(use, tmp_path):
    """``enabled`` and ``log_artifacts`` do what they say."""
    store = use()
    (tmp_path / "r.json").write_text("{}")
    for name, switch in (("off", "enabled"), ("bare", "log_artifacts")):
        tracked.configure(switches={"benchmark": {"enabled": True, "log_artifacts": True, switch: False}})
        tracker = MLflowBenchmarkTracker()
        with tracker.start_benchmark_run(name, "bert"):
            tracker.log_benchmark_results([1], 1, 0, 8, "cpu", tmp_path / "r.json", DATA)
    assert ["bare"] == [run.name for run in store.runs]
    assert {} == store["bare"].artifacts
    assert 5.0 == store["bare"].metrics["latency_batch_1_ms"]
