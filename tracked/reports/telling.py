"""What any run tells: its numbers and their course, a conversion's before and after, its inputs, its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..drawing import Html, element
from .charts import Box, bars, chart, line, points
from .scales import scale_of
from .sections import beyond, grid, section, table
from .thinning import thinned
from .values import Course, Report

CURVES, POINTS = 24, 240
METRICS, PARAMS, FILES = 60, 100, 60
_RATIO, _SIZE = "compression_ratio", "model_size_mb"
_ERRORS = ("max_abs_error", "max_rel_error")


def metrics(report: Report) -> Html:
    """The last value of each metric."""
    rows = [(name, element("b", f"{value:.6g}")) for name, value in list(report.metrics.items())[:METRICS]]
    return section("Metrics", table((), rows), about=beyond(len(report.metrics), METRICS, "metrics"))


def curves(report: Report) -> Html:
    """How metrics went, a chart for each."""
    shown = report.search.objectives if report.search else ()
    going = {name: course for name, course in report.curves.items() if len(course) > 1 and name not in shown}
    figures = [(name, _curve(name, course)) for name, course in list(going.items())[:CURVES]]
    return section("How it went", grid(figures), about=beyond(len(going), CURVES, "metrics"), wide=True)


def _curve(name: str, course: Course) -> Html:
    some = thinned(course, POINTS)
    x, y = (scale_of([point[n] for point in some], may_be_log=False) for n in (0, 1))
    box = Box(300, 190, x, y)
    places = box.places(some)
    return chart(box, line(places, "best"), points(places[-1:], "accent"), x="step", y=name)


def conversion(report: Report) -> Html:
    """What a conversion had and what it made, and how far the two are apart."""
    told = report.metrics
    if _SIZE not in told:
        return Html()
    errors = [(name.replace("_", " "), element("b", f"{told[name]:.3g}")) for name in _ERRORS if name in told]
    return section("Before and after", bars(_sizes(told)), table((), errors))


def _sizes(told: Mapping[str, float]) -> Sequence[tuple[str, float, str]]:
    after = told[_SIZE]
    before = after * told.get(_RATIO, 0.0)
    largest = max(before, after)
    rows = [("before", before), ("after", after)] if before > 0 else [("size", after)]
    return [
        (name, size / largest if 0 < largest < float("inf") else 0.0, f"{size:.3g} MB") for name, size in rows
    ]


def pictures(report: Report) -> Html:
    """Further pictures, such as the latencies of a benchmark."""
    return section("Latency", grid((("", picture) for picture in report.pictures), "large"), wide=True)


def params(report: Report) -> Html:
    """What the run was given."""
    rows = list(report.params.items())[:PARAMS]
    return section("Params", table((), rows), about=beyond(len(report.params), PARAMS, "params"))


def files(report: Report) -> Html:
    """Names of its artifacts."""
    rows = [(element("code", name),) for name in report.files[:FILES]]
    return section("Files", table((), rows), about=beyond(len(report.files), FILES, "files"))
