"""What of a returned value becomes files in MLflow."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Annotated, Any

import altair as alt
import pandas as pd
import plotly.graph_objects as go
import polars as pl
from sklearn.linear_model import LogisticRegression

from tests.rows.acts import drawn, on_both, on_sqlite, points, results_told
from tracked import Artifact, tracked_training


@on_both()
@tracked_training
def frames() -> dict[str, Any]:
    """One of each library."""
    return {"pandas": pd.DataFrame({"a": range(1500)}), "polars": pl.DataFrame({"b": range(1500)})}


def test_frames(runs_of_both):
    """A frame is kept as Parquet, whole, and as CSV its first 1000 rows."""
    files = runs_of_both["frames"].artifacts
    assert {f"{name}.{end}" for name in ("pandas", "polars") for end in ("parquet", "preview.csv")} == set(
        files
    )
    for name, column in (("pandas", "a"), ("polars", "b")):
        assert list(range(1500)) == pd.read_parquet(io.BytesIO(files[f"{name}.parquet"]))[column].to_list()
        assert [column, *map(str, range(1000))] == files[f"{name}.preview.csv"].decode().split()


@on_both()
@tracked_training
def series() -> dict[str, Any]:
    """Numbered and named ones."""
    return {
        "epochs": pd.Series([1, 2], index=[10, 20]),
        "of_polars": pl.Series([3, 4]),
        "named": pd.Series([5, 6], index=["x", "y"]),
    }


def test_series(runs_of_both):
    """A series with whole numbers as its index is a history, another one a mapping."""
    run = runs_of_both["series"]
    assert [(10, "1.0"), (20, "2.0")] == points(run, "epochs")
    assert [(0, "3.0"), (1, "4.0")] == points(run, "of_polars")
    assert (5, 6) == (run.metrics["named/x"], run.metrics["named/y"])


@on_both()
@tracked_training
def figures() -> list[Any]:
    """One of each library."""
    chart = alt.Chart(pd.DataFrame({"a": [1, 2]})).mark_line().encode(x="a:Q")
    return [{"mpl": drawn()}, {"plotly": go.Figure(go.Scatter(y=[1, 2]))}, {"altair": chart}]


def test_figures(runs_of_both):
    """Matplotlib's is a PNG; plotly's and altair's are pages that load nothing from elsewhere."""
    files = runs_of_both["figures"].artifacts
    assert files["mpl.png"].startswith(b"\x89PNG")
    assert b"<svg" in files["altair.svg"]
    for page in (files["plotly.html"], files["altair.html"]):
        assert len(page) > 100_000
        assert not re.search(rb"<(?:script|link|img)[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)


@on_both()
@tracked_training
def paths() -> dict[str, Path]:
    """A file, a folder, one whose name is odd, and one that is not there."""
    for name in ("out/a/m.pt", "out/m.pt", "naïve f1@0.5.bin"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    return {
        "best": Path("out/m.pt"),
        "all": Path("out"),
        "odd": Path("naïve f1@0.5.bin"),
        "gone": Path("gone.bin"),
    }


def test_paths(runs_of_both):
    """An existing file or folder is kept under its own name, byte for byte; a missing one is a tag."""
    run = runs_of_both["paths"]
    assert {
        "m.pt": b"out/m.pt",
        "out/m.pt": b"out/m.pt",
        "out/a/m.pt": b"out/a/m.pt",
        "naïve f1@0.5.bin": "naïve f1@0.5.bin".encode(),
    } == run.artifacts
    assert {"result.gone": "gone.bin"} == results_told(run)


@on_sqlite()
@tracked_training
def text() -> str:
    """The name of a file that is there."""
    Path("there.txt").write_text("here")
    return "there.txt"


@on_sqlite()
@tracked_training
def marked_text() -> Annotated[str, Artifact("renamed.txt")]:
    """The same, said to be a file."""
    Path("there.txt").write_text("here")
    return "there.txt"


def test_a_text(runs):
    """A text is a tag, also where a file is called so; ``Annotated[str, Artifact]`` says that it is one."""
    assert ({}, {"result": "there.txt"}) == (runs["text"].artifacts, results_told(runs["text"]))
    assert {"renamed.txt": b"here"} == runs["marked_text"].artifacts


def fitted() -> LogisticRegression:
    """A model with two numbers in it."""
    return LogisticRegression().fit([[0], [1]], [0, 1])


@on_sqlite()
@tracked_training
def not_asked_for() -> Any:
    return fitted()


@on_sqlite()
def asks_for_it() -> None:
    """MLflow warns of its own code while it saves the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        asked_for()


@tracked_training(model=True)
def asked_for() -> Any:
    return fitted()


def test_models(runs):
    """A model is told by class and number of parameters; where asked for it is saved, without pickle."""
    told = {"result.type": "sklearn.linear_model._logistic.LogisticRegression", "result.parameters": "2"}
    assert (told, {}) == (results_told(runs["not_asked_for"]), runs["not_asked_for"].artifacts)
    files = runs["asked_for"].artifacts
    assert "model/MLmodel" in files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]
