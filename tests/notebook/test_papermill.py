"""A notebook that papermill runs, from a command line and without a person: with parameters, and into a file."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from tests.notebook.conftest import environment
from tests.scripts import Store, values
from tracked import tags as t

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("papermill") is None, reason="papermill is not installed: make test-all"),
]
CELLS = (
    "from tracked import track, tracked_training\n%load_ext tracked",
    "lr = 0.1",
    (
        "@tracked_training\n"
        "def fit(lr):\n"
        "    for step in track.progress(range(200)):\n"
        "        track.log(acc=step * lr)\n"
        "    return {'acc': 1.0}\n"
        "fit(lr)"
    ),
    "%%tracked training by_magic\ntrack.log(loss=lr)\nlr * 2",
)
FAILS = "with track.run('fails'):\n    raise ValueError('told by papermill')"


@pytest.fixture
def executed(tmp_path: Path, templates: Path):
    """Runs cells as ``papermill in out -p lr 0.5`` does; gives the notebook, what was printed, and the store."""
    store = Store(tmp_path)
    environ = environment(tmp_path, templates, TRACKED_TRACKING_URI=store.uri)

    def run(*cells: str, code: int = 0):
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made.cells[1].metadata["tags"] = ["parameters"]
        nbformat.write(made, tmp_path / "in.ipynb")
        command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "-p", "lr", "0.5"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300, check=False
        )
        assert code == done.returncode, done.stderr
        return nbformat.read(tmp_path / "out.ipynb", as_version=4), done.stdout + done.stderr, store

    return run


def test_papermills_notebook_is_tracked_like_a_persons(executed):
    """Runs have their names, kinds and the given parameter; each cell keeps the last state of its one card."""
    notebook, said, store = executed(*CELLS)
    (fit,) = (run for run in store.runs if run.name.startswith("fit-"))
    by_magic = store["by_magic"]
    assert ("FINISHED", "training", "0.5") == (fit.status, fit.tags[t.STAGE], fit.params["lr"])
    assert ("FINISHED", "training", [0.5]) == (
        by_magic.status,
        by_magic.tags[t.STAGE],
        values(by_magic, "loss"),
    )
    for cell, name in zip(notebook.cells[-2:], (fit.name, "by_magic"), strict=True):
        (card,) = (out for out in cell.outputs if out.output_type == "display_data")
        assert name in card.data["text/html"]
        assert "FINISHED" in card.data["text/html"]
        assert "finished" in card.data["text/plain"]
    assert "Traceback" not in said


def test_nothing_of_a_progress_bar_is_left_in_papermills_notebook(executed):
    """It takes itself away: no line for each step, and no widget that a reader of the file could not draw."""
    notebook, _, _ = executed(*CELLS)
    outputs = [out for cell in notebook.cells for out in cell.outputs]
    streams = [out for out in outputs if out.output_type == "stream"]
    assert {"stderr"} >= {out.name for out in streams}
    written = "".join(out.text for out in streams)
    assert "\n" not in written
    assert "" == written.rpartition("\r")[2]
    assert not any("widget" in kind for out in outputs for kind in out.get("data", {}))


def test_a_cell_that_fails_under_papermill_is_a_failed_run(executed):
    """Papermill ends the kernel at once; the run is FAILED all the same, with the user's own error."""
    notebook, said, store = executed(*CELLS[:2], FAILS, code=1)
    assert "ValueError: told by papermill" in said
    run = store["fails"]
    assert ("FAILED", "told by papermill") == (run.status, run.tags[t.ERROR_MESSAGE])
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("FAILED" in out.get("data", {}).get("text/html", "") for out in outputs)
