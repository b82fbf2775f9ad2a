"""The whole page: one file that needs no network, no script and no font, for light and for dark screens."""

from __future__ import annotations

from ..drawing import Html, element, link, state
from ..spans import took
from . import searching, telling
from .lineage import lineage
from .style import STYLE
from .values import Report

_CONTROL = dict.fromkeys((*range(9), *range(11, 32), 127), " ")
"""Characters that HTML has no place for."""


def page(report: Report) -> str:
    """The report as an HTML page; whatever the run holds, it is text in it and nothing else."""
    body = element(
        "main",
        _head(report),
        element("div", *_sections(report), **{"class": "sections"}),
        element("footer", f"Made by tracked of run {report.run or report.name}."),
    )
    title = element("title", f"{report.stage} {report.name}".strip())
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark">{title}<style>{STYLE}</style>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'.translate(
        _CONTROL
    )


def _head(report: Report) -> Html:
    told = [
        report.began,
        "" if report.seconds is None else took(report.seconds),
        report.function,
        report.place,
    ]
    facts = [*(f"{name} {value}" for name, value in report.facts.items() if value), *told]
    why = element("p", report.why, **{"class": "why"}) if report.why else Html()
    return element(
        "header",
        element("div", report.stage or "run", **{"class": "stage"}),
        element("h1", report.name, " ", element("small", state(report.status))),
        _best(report),
        why,
        element("p", " · ".join(filter(None, facts)), " ", link(report.url), **{"class": "facts"}),
    )


def _best(report: Report) -> Html:
    search = report.search
    best = search and next((trial for trial in search.trials if trial.number == search.best), None)
    if not search or not best:
        return Html()
    reached = ", ".join(f"{n} {v:.5g}" for n, v in zip(search.objectives, best.values, strict=False))
    chosen = ", ".join(f"{n}={v:.4g}" if type(v) is float else f"{n}={v}" for n, v in best.params.items())
    told = f"Best of {len(search.trials)} trials: number {best.number}"
    return element(
        "p",
        f"{told}, ",
        element("b", reached),
        f" with {chosen}"[:600] if chosen else "",
        **{"class": "best"},
    )


def _sections(report: Report) -> list[Html]:
    search = searching.sections(report.search) if report.search else []
    told = (
        telling.conversion,
        telling.pictures,
        telling.curves,
        telling.metrics,
        telling.params,
        telling.files,
    )
    *before, numbers, params, files = [tell(report) for tell in told]
    return [*search, *before, lineage(report.nodes, report.run), numbers, params, files]
