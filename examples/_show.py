"""Print the tree of runs below one, as MLflow has it; not needed for tracking."""

import sys

from tracked import find_mlflow_runs

TOLD = ("acc", "latency_batch_1_ms", "latency_batch_64_ms", "max_abs_error", "onnx_model_size_mb")


def show(run):
    """Print ``run`` and all below it, read back from the store, and how to see them."""
    top = run.info
    runs = find_mlflow_runs(experiment_name=run.ref.experiment)
    print("\nThe runs that this made, read back from MLflow:\n")
    for found in runs:
        if found.info.run_id == top.run_id:
            _show(found, runs, 0)
    # A server has an address; a local store is shown by a command, which needs this very Python.
    print(f"\nSee them: {run.url.replace('mlflow ui', f'{sys.executable} -m mlflow ui')}")
    if run.url.startswith("mlflow ui"):
        page = f"experiments/{top.experiment_id}/runs/{top.run_id}?workflowType=machine_learning"
        print(f"and open http://127.0.0.1:5000/#/{page}")


def _show(run, runs, depth):
    metrics = ", ".join(f"{key}={run.data.metrics[key]:.3g}" for key in TOLD if key in run.data.metrics)
    name = "  " * depth + run.info.run_name
    print(f"  {name:<24}{run.data.tags.get('stage', ''):<12}{run.info.status:<10}{metrics}".rstrip())
    for child in sorted(runs, key=lambda run: run.info.start_time):
        if child.data.tags.get("mlflow.parentRunId") == run.info.run_id:
            _show(child, runs, depth + 1)
