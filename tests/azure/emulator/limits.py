"""The limits of a run in Azure ML: documented (resource-limits-capacity), and the 200 params that users report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .state import Tally

TAGS, PARAMS, METRIC_NAMES, VALUES_PER_BATCH = 50, 200, 50, 250
TAG_KEY, TAG_VALUE, METRIC_NAME, RUN_NAME, EXPERIMENT_NAME = 100, 1000, 255, 256, 256


def broken(call: str, given: Mapping[str, Any], tally: Tally) -> str:
    """What this call would break; empty if nothing.

    Args:
        call: such as ``runs/log-batch``.
        given: its body.
        tally: what the run has used up so far.
    """
    name, limit = next(_broken(call, given, tally), ("", 0))
    return f"A field of the entity is over the size limit. FieldName={name}, Limit={limit}." if name else ""


def _broken(call: str, given: Mapping[str, Any], tally: Tally) -> Iterator[tuple[str, int]]:
    metrics, params, tags = written(call, given)
    counts = Counter(metric["key"] for metric in metrics)
    yield from _over("MetricV2Dto.Value/Count", counts.values(), VALUES_PER_BATCH)
    yield from _over("Metrics/Names", [len(tally.metrics | counts.keys())], METRIC_NAMES)
    yield from _over("MetricV2Dto.Name", map(len, counts), METRIC_NAME)
    yield from _over("Parameters", [len(tally.params | {param["key"] for param in params})], PARAMS)
    yield from _over("Tags", [len(tally.tags | {tag["key"] for tag in tags})], TAGS)
    yield from _over("Tags.Key", (len(tag["key"]) for tag in tags), TAG_KEY)
    yield from _over("Tags.Value", (len(tag.get("value", "")) for tag in tags), TAG_VALUE)
    if call in ("runs/create", "runs/update"):
        yield from _over("DisplayName", [len(given.get("run_name") or "")], RUN_NAME)
    if call == "experiments/create":
        yield from _over("ExperimentName", [len(given.get("name", ""))], EXPERIMENT_NAME)


def _over(name: str, sizes: Iterable[int], limit: int) -> Iterator[tuple[str, int]]:
    if any(size > limit for size in sizes):
        yield name, limit


def written(call: str, given: Mapping[str, Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """The metrics, params and tags that a call would write."""
    one = {"runs/log-metric": 0, "runs/log-parameter": 1, "runs/set-tag": 2}.get(call)
    if one is not None:
        metrics, params, tags = ([given] if at == one else [] for at in range(3))
        return metrics, params, tags
    if call in ("runs/create", "runs/log-batch", "runs/log-batch-async"):
        return given.get("metrics", []), given.get("params", []), given.get("tags", [])
    return [], [], []


def count(call: str, given: Mapping[str, Any], tally: Tally) -> None:
    """Take down what a call has used up."""
    if call == "runs/delete-tag":
        tally.tags.discard(given.get("key", ""))
    metrics, params, tags = written(call, given)
    tally.metrics |= {metric["key"] for metric in metrics}
    tally.params |= {param["key"] for param in params}
    tally.tags |= {tag["key"] for tag in tags}
    if call == "runs/create" and given.get("run_name"):
        tally.tags.add("mlflow.runName")
