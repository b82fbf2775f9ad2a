"""Figures as pictures and as pages that open without a network."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

from .. import speech
from .values import Keep

_FORMATS = ("png", "svg", "pdf", "jpg", "jpeg")


def keep_matplotlib(figure: Any, name: str, keep: Keep) -> None:
    """A PNG, or the format that the name ends in.  The figure stays open."""
    stem, _, ending = name.rpartition(".")
    if not stem or ending.lower() not in _FORMATS:
        stem, ending = name, "png"
    picture = BytesIO()
    figure.savefig(picture, format=ending.lower())
    keep(picture.getvalue(), f"{stem}.{ending}")


def keep_axes(axes: Any, name: str, keep: Keep) -> None:
    """The figure that the axes, or seaborn's grid, stand in."""
    keep_matplotlib(axes.figure, name, keep)


def keep_plotly(figure: Any, name: str, keep: Keep) -> None:
    """One page with its script inside.

    Each page has its own: MLflow's UI shows a page from a ``blob:`` address, where no script beside it is found.
    """
    page = figure.to_html(include_plotlyjs=True, full_html=True)
    keep(page.encode(), f"{name.removesuffix('.html')}.html")
    speech.warn_once(
        "a plotly figure is kept as a page, which MLflow's UI shows as it is; a still picture needs kaleido and a "
        'browser: `track.artifact(fig.to_image("png"), "figure.png")` draws and keeps one',
        about="plotly without a picture",
    )


def keep_altair(chart: Any, name: str, keep: Keep) -> None:
    """A page and a picture; the specification alone where ``vl-convert`` is missing."""
    name = name.removesuffix(".html")
    try:
        pages = {ending: _altair(chart, ending) for ending in ("html", "svg")}
    except (ImportError, ValueError) as error:  # altair says in both ways that the converter is missing
        speech.warn_once(
            f"an altair chart is kept as its specification only ({type(error).__name__}): with "
            "`pip install vl-convert-python` it becomes a page that opens without a network",
            about="altair without vl-convert",
        )
        pages = {"vl.json": chart.to_json()}
    for ending, text in pages.items():
        keep(text.encode(), f"{name}.{ending}")


def _altair(chart: Any, ending: str) -> str:
    text = StringIO()
    chart.save(text, format=ending, **({"inline": True} if ending == "html" else {}))
    return text.getvalue()
