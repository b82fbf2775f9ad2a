"""``examples/notebook.ipynb``: what it takes, and that it does what it shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nbformat
import pytest
from mlflow import MlflowClient
from nbconvert import HTMLExporter

from tests.notebook.conftest import environment
from tests.notebook.kernels import notebook
from tests.stores import all_runs
from tracked import tags as t

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
CELLS = nbformat.read(NOTEBOOK, 4).cells
CODE = [cell for cell in CELLS if cell.cell_type == "code"]


def test_the_newcomers_path_is_short():
    """Training, sweep, benchmark and conversion: at most 26 lines of code, at most 8 of which are about tracking."""
    lines = [line.strip() for cell in CODE for line in cell.source.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    assert len(lines) <= 26
    assert sum("track" in line for line in lines) <= 8


def test_its_outputs_are_those_of_its_cells():
    """It is what its script makes, with cards in it, without an error, and without a word on stderr."""
    spec = importlib.util.spec_from_file_location("making", ROOT / "docs" / "pictures" / "notebook.py")
    making = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(making)
    assert [cell.source for cell in making.fresh().cells] == [cell.source for cell in CELLS]
    kinds = {output.output_type for cell in CODE for output in cell.outputs}
    assert kinds == {"display_data", "execute_result"}
    assert "<svg" in str(CODE[-1].outputs)
    assert "<script" not in str(CELLS)


@pytest.mark.slow
def test_it_runs(tmp_path, templates):
    """Cell by cell, in a kernel; the tree of runs is there, and every one of them has finished."""
    with notebook(tmp_path, environment(tmp_path, templates, TRACKED_EXPERIMENT="digits")) as opened:
        for cell in CODE:
            assert not opened.run(cell.source).error
        opened.run("from tracked import session; session.current().flush()")
    runs = all_runs(MlflowClient(f"sqlite:///{tmp_path}/mlflow.db"), "digits").values()
    stages = sorted(run.tags[t.STAGE] for run in runs)
    assert ["benchmark", "conversion", "hpo", *["hpo_trial"] * 6, *["training"] * 7] == stages
    assert {"FINISHED"} == {run.status for run in runs}


def test_nbconvert_keeps_the_cards():
    """As a page of HTML it shows each card as it stood at the end of its cell."""
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(nbformat.read(NOTEBOOK, 4))
    cards = [
        out.data["text/html"] for cell in CODE for out in cell.outputs if "text/html" in out.get("data", {})
    ]
    assert len(cards) >= 3
    for part in ("<polyline", "<details", "FINISHED", "★"):
        assert sum(card.count(part) for card in cards) == page.count(part) > 0
    assert "RUNNING" not in page
