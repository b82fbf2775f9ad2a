"""The course of metrics, for a little picture: few numbers however many points there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean

from ..errors import Refused
from . import histories, narrow
from .client import client_for
from .columns import LARGEST

Curves = dict[str, dict[str, list[float]]]
"""Means of equal stretches of the steps, in their order, by run and metric."""


def curves(
    uri: str, metrics: Mapping[str, Sequence[str]], width: int = 16, *, templates: Path | None = None
) -> Curves:
    """How metrics went in these runs; of what is no finite number nothing is told.

    Args:
        uri: a normalised tracking URI.
        metrics: the keys wanted, by MLflow's run id.
        width: numbers for each, at most.
        templates: as in ``ensure_store``.

    Raises:
        BackendUnavailable: the store does not answer.
    """
    client = client_for(uri, templates)
    runs, keys = list(metrics), sorted({key for wanted in metrics.values() for key in wanted})
    found = narrow.curves(client, runs, keys, width)
    if found is None:
        courses = ((run, key, _course(uri, run, key, templates)) for run in runs for key in metrics[run])
        found = [(run, key, mean) for run, key, course in courses for mean in means(course, width)]
    made: Curves = {}
    for run, key, mean in found:
        made.setdefault(run, {}).setdefault(key, []).append(mean)
    return made


def _course(uri: str, run_id: str, key: str, templates: Path | None) -> list[tuple[int, float]]:
    try:
        return [(point.step, point.value) for point in histories.points(uri, run_id, key, templates)]
    except Refused:  # deleted meanwhile
        return []


def means(points: Iterable[tuple[int, float]], width: int) -> list[float]:
    """The means of at most ``width`` equal stretches of the steps of these points."""
    points = list(points)
    last = abs(max((step for step, _ in points), default=0)) + 1
    # MLflow keeps an infinity as the largest number; NaN is not smaller than that either.
    cut = sorted((step * width // last, value) for step, value in points if abs(value) < LARGEST)
    return [fmean(value for _, value in stretch) for _, stretch in groupby(cut, key=lambda pair: pair[0])]
