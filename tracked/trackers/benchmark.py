"""Benchmarks by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from .. import tags as t
from ..guard import guard
from ..handles import RunHandle
from ..kinds.benchmark import BENCHMARK
from .common import Start, Tracker, at, known


class MLflowBenchmarkTracker(Tracker):
    """Runs of stage ``benchmark``."""

    kind = BENCHMARK

    def start_benchmark_run(
        self,
        run_name: str,
        backbone: str,
        benchmark_source: str = "final_training",
        context: Any = None,
        output_dir: Any = None,
        parent_run_id: Any = None,
        group_id: str | None = None,
        study_key_hash: str | None = None,
        trial_key_hash: str | None = None,
        hpo_trial_run_id: Any = None,
        hpo_refit_run_id: Any = None,
        hpo_sweep_run_id: Any = None,
        benchmark_key: str | None = None,
    ) -> AbstractContextManager[RunHandle]:
        """Open a run for a block.  Runs are named by their MLflow id of any form, as a run, or by a handle.

        Args:
            run_name: name of the run.
            backbone: the model that is timed.
            benchmark_source: where the model comes from; a tag.
            context: naming context, or any object or mapping with its names.
            output_dir: where results are written; only noted.
            parent_run_id: the training whose model is timed.
            group_id: tag by which runs can be grouped.
            study_key_hash: the study, 64 hex digits.
            trial_key_hash: the trial, 64 hex digits.
            hpo_trial_run_id: the trial's run.
            hpo_refit_run_id: the refit's run.
            hpo_sweep_run_id: the sweep's run.
            benchmark_key: by which the same benchmark is found again; a tag.

        The run stands under the training, else under the trial, the refit or the sweep, where no run is around.

        Raises:
            ConfigError: the name is blank.
        """
        origins = {
            "training": (t.PARENT_TRAINING_RUN, parent_run_id),
            "trial": (t.HPO_TRIAL_RUN, hpo_trial_run_id),
            "refit": (t.HPO_REFIT_RUN, hpo_refit_run_id),
            "sweep": (t.HPO_SWEEP_RUN, hpo_sweep_run_id),
        }
        kind = next((kind for kind, (_, run) in origins.items() if run), None)
        tags = {
            t.MLFLOW_RUN_TYPE: "benchmark",
            t.BENCHMARK_SOURCE: benchmark_source,
            t.BENCHMARKED_MODEL: backbone,
            t.BENCHMARK_KEY: benchmark_key,
            t.PARENT_KIND: kind,
        }
        return self._started(
            Start(
                run_name,
                backbone,
                known(tags),
                source=origins[kind][1] if kind else None,
                lineage=dict(origins.values()),
                identity={"study_key_hash": study_key_hash, "trial_key_hash": trial_key_hash},
                context=context,
                output_dir=output_dir,
                group_id=group_id,
            )
        )

    def log_benchmark_results(
        self,
        batch_sizes: Sequence[int],
        iterations: int,
        warmup_iterations: int,
        max_length: int,
        device: str | None = None,
        benchmark_json_path: Any = None,
        benchmark_data: Mapping[str, Any] | None = None,
    ) -> None:
        """Log how it was timed, and the figures: latencies in milliseconds by batch size, and the throughput.

        Args:
            batch_sizes: those that were timed.
            iterations: timed calls for each.
            warmup_iterations: calls before them.
            max_length: of an input.
            device: where it ran; ``auto`` if not known.
            benchmark_json_path: kept as ``benchmark_results.json``.
            benchmark_data: by ``batch_<n>``: mean_ms, median_ms, p95_ms, p99_ms, throughput_docs_per_sec.
        """
        with guard:
            from ..uploading import upload_benchmark_artifacts  # noqa: PLC0415 - few keep one

            if run := self._run():
                run.params(
                    {
                        "benchmark_batch_sizes": str(list(batch_sizes)),
                        "benchmark_iterations": iterations,
                        "benchmark_warmup_iterations": warmup_iterations,
                        "benchmark_max_length": max_length,
                        "benchmark_device": device or "auto",
                    }
                )
                run.log(_figures(batch_sizes, benchmark_data))
                if benchmark_json_path is not None and not run.is_off:
                    upload_benchmark_artifacts(benchmark_json_path, run)


_LATENCIES = {"": "mean_ms", "_p50": "median_ms", "_p95": "p95_ms", "_p99": "p99_ms"}


def _figures(batch_sizes: Sequence[int], data: Any) -> dict[str, Any]:
    figures = {
        f"latency_batch_{size}{suffix}_ms": at(data, f"batch_{size}.{name}")
        for size in batch_sizes
        for suffix, name in _LATENCIES.items()
    }
    throughput = [at(data, f"batch_{size}.throughput_docs_per_sec") for size in sorted(batch_sizes)]
    told = [value for value in throughput if value is not None]
    return known({**figures, "throughput_samples_per_sec": told[-1] if told else None})
