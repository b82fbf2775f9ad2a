"""What becomes files, in a store in memory."""

from __future__ import annotations

import io
import json
import math
import re
import sys

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from tracked import speech, track, tracked_training
from tracked.testing import captured

CHART = alt.Chart(pd.DataFrame({"a": [1, 2], "b": [3, 4]})).mark_line().encode(x="a:Q", y="b:Q")
LOADED_FROM_AFAR = re.compile(
    rb"<(?:script|link|img)[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE
)


@pytest.fixture
def runs(monkeypatch):
    """A store in memory; every warning is said anew."""
    speech.forget()
    with captured() as runs:
        yield runs


def kept(runs, value, **options):
    """The run of a function that returns this value."""

    @tracked_training(**options)
    def give():
        return value

    assert value is give()
    (run,) = runs.runs
    return run


def drawn():
    figure = Figure()
    figure.subplots().plot([1, 2])
    return figure


def test_a_matplotlib_figure_is_a_picture(runs):
    """A figure becomes a PNG, and stays open."""
    figure, axes = plt.subplots()
    run = kept(runs, {"val/curve": figure, "axes": axes})
    assert ["val/curve.png", "axes.png"] == list(run.artifacts)
    assert all(picture.startswith(b"\x89PNG") for picture in run.artifacts.values())
    assert plt.fignum_exists(figure.number)
    plt.close(figure)


def test_a_plotly_figure_opens_without_a_network(runs, capsys):
    """The page has its script inside, and asks nobody for another; that there is no still picture is said once."""
    figure = go.Figure(go.Scatter(y=[1, 2]))
    page, _ = kept(runs, [figure, figure]).artifacts.values()
    assert 1 == capsys.readouterr().err.count('track.artifact(fig.to_image("png"), "figure.png")')
    assert b"Plotly.newPlot" in page
    assert len(page) > 1_000_000
    assert LOADED_FROM_AFAR.search(page) is None


def test_an_altair_chart_opens_without_a_network(runs):
    """With vl-convert a chart is a page with its script inside, and a picture."""
    files = kept(runs, {"chart": CHART}).artifacts
    assert ["chart.html", "chart.svg"] == list(files)
    assert b"<svg" in files["chart.svg"]
    assert len(files["chart.html"]) > 100_000
    assert LOADED_FROM_AFAR.search(files["chart.html"]) is None


def test_an_altair_chart_without_its_converter(runs, monkeypatch, capsys):
    """Without vl-convert a chart is its specification, and that is said once."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    files = kept(runs, [CHART, CHART]).artifacts
    assert ["result_0.vl.json", "result_1.vl.json"] == list(files)
    assert "$schema" in json.loads(files["result_0.vl.json"])
    assert 1 == capsys.readouterr().err.count("vl-convert-python")


def test_a_pandas_frame_is_a_table(runs):
    """A frame is Parquet, whole, and CSV of its first 1000 rows."""
    frame = pd.DataFrame({"a": range(1500), "b": ["x"] * 1500})
    files = kept(runs, frame).artifacts
    assert ["result.parquet", "result.preview.csv"] == list(files)
    pd.testing.assert_frame_equal(frame, pd.read_parquet(io.BytesIO(files["result.parquet"])))
    assert [b"a,b", b"0,x"] == files["result.preview.csv"].splitlines()[:2]
    assert 1001 == len(files["result.preview.csv"].splitlines())


def test_a_pandas_frame_without_pyarrow(runs, monkeypatch, capsys):
    """Without pyarrow a frame is CSV, whole, and that is said."""

    def missing(*_, **__):
        raise ImportError("no pyarrow")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", missing)
    files = kept(runs, pd.DataFrame({"a": range(1500)}, index=[f"r{i}" for i in range(1500)])).artifacts
    assert ["result.csv"] == list(files)
    assert [b",a", b"r0,0"] == files["result.csv"].splitlines()[:2]
    assert 1501 == len(files["result.csv"].splitlines())
    assert "CSV only, not as Parquet: pyarrow is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "column",
    [[1j], [1, "x"], [10**30], pd.arrays.SparseArray([0, 1])],
    ids=["complex", "mixed", "big", "sparse"],
)
def test_a_pandas_frame_that_parquet_cannot_hold(runs, column, capsys):
    """Where Parquet has no type for a column the frame is CSV, and that is said with the reason."""
    assert ["result.csv"] == list(kept(runs, pd.DataFrame({"a": column})).artifacts)
    assert "CSV only, not as Parquet: " in capsys.readouterr().err


def test_a_polars_frame_is_a_table(runs):
    """A polars frame is Parquet and CSV; without CSV where a column is a list, or bytes."""
    files = kept(
        runs, {"flat": pl.DataFrame({"a": range(1500)}), "deep": pl.DataFrame({"a": [[1]], "b": [b"x"]})}
    ).artifacts
    assert ["flat.parquet", "flat.preview.csv", "deep.parquet"] == list(files)
    assert 1500 == len(pl.read_parquet(io.BytesIO(files["flat.parquet"])))
    assert 1001 == len(files["flat.preview.csv"].splitlines())


def test_a_frame_of_one_cell_is_still_a_table(runs):
    """A frame is a table, however small."""
    run = kept(runs, {"a": pl.DataFrame({"x": [1]}), "b": pl.Series([1])})
    assert {"b": 1.0} == run.metrics
    assert "a.parquet" in run.artifacts


@pytest.mark.parametrize(
    "series", [pd.Series(["x", "y"]), pl.Series("a", ["x", "y"]), pd.Series([0.5] * 10_001)]
)
def test_a_series_that_is_no_history_is_a_table(runs, series):
    """A series of texts, or one too long for a history, is kept as a table of one column."""
    run = kept(runs, {"s": series})
    assert ({}, ["s.parquet", "s.preview.csv"]) == (run.metrics, list(run.artifacts))


def test_arrays_are_kept_without_pickle(runs, capsys):
    """An array of more than one dimension is NumPy's own format; one of objects is told by its type."""
    run = kept(runs, {"matrix": np.ones((2, 3)), "objects": np.array([[object()]] * 2)})
    assert ["matrix.npy"] == list(run.artifacts)
    assert (2, 3) == np.load(io.BytesIO(run.artifacts["matrix.npy"])).shape
    assert "numpy.ndarray" == run.tags["result.objects.type"]
    assert "a returned numpy.ndarray cannot be logged" in capsys.readouterr().err


def test_a_long_list_is_a_file(runs):
    """More than 10,000 points are no history but an artifact."""
    run = kept(runs, {"loss": [1.0] * 10_000 + [math.nan]})
    assert ({}, ["loss.json"]) == (run.metrics, list(run.artifacts))
    assert [1.0, "nan"] == json.loads(run.artifacts["loss.json"])[-2:]


def test_the_rest_is_readable_and_hides_secrets(runs, monkeypatch):
    """``result.json`` is plain JSON, NaN by name, secrets by name and by value as a mask."""
    monkeypatch.setenv("SERVICE_TOKEN", "a-secret-of-the-environment")
    rest = {"x": [{"a", 1}, math.nan, None, object()], "y": [["a-secret-of-the-environment"]]}
    whole = json.loads(kept(runs, rest).artifacts["result.json"])
    assert ["nan", None, "object"] == whole["x"][1:]
    assert [["***"]] == whole["y"]


def test_a_folder_is_kept_with_what_it_holds(runs, tmp_path):
    """A returned folder is an artifact with all its files; files of one name do not cover each other."""
    for name in ("out/a/m.pt", "out/m.pt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    run = kept(runs, {"all": tmp_path / "out", "one": tmp_path / "out/m.pt", "two": tmp_path / "out/a/m.pt"})
    assert {"out/a/m.pt", "out/m.pt", "m.pt", "two/m.pt"} == run.artifacts.keys()
    assert b"out/a/m.pt" == run.artifacts["two/m.pt"]


def test_a_figure_that_cannot_be_drawn_costs_nothing_else(runs, capsys):
    """What fails is told by its type and one warning; the rest is logged, and the caller gets its value."""
    broken = drawn()
    broken.savefig = None
    run = kept(runs, {"bad": broken, "good": drawn(), "acc": 1.0})
    assert ({"acc": 1.0}, ["good.png"]) == (run.metrics, list(run.artifacts))
    assert "matplotlib.figure.Figure" == run.tags["result.bad.type"]
    assert 1 == capsys.readouterr().err.count("a returned matplotlib.figure.Figure cannot be logged")


def test_figures_and_tables_are_handed_in(runs, capsys):
    """``track.figure`` and ``track.table`` keep what a result would be kept as, and say what they cannot."""
    with track.run("r"):
        track.figure(drawn(), "plots/curve.svg")
        track.figure(drawn())
        track.table(pd.DataFrame({"a": [1]}), "t.parquet")
        track.table({"a": [1, 2], "b": [3, 4]}, "columns")
        track.table([{"a": 1}, {"b": 2}], "rows.csv")
        track.figure(3, "three")
        track.table(3, "four")
    files = runs["r"].artifacts
    assert ["plots/curve.svg", "figure.png", "t.parquet", "t.preview.csv", "columns.csv", "rows.csv"] == list(
        files
    )
    assert [b"a,b", b"1,3", b"2,4"] == files["columns.csv"].split()
    assert [b"a,b", b"1,", b",2"] == files["rows.csv"].split()
    said = capsys.readouterr().err
    assert "'three', a int, is not kept in run r: it is no figure" in said
    assert "'four', a int, is not kept in run r: TypeError: a table is" in said
