"""Makes `examples/notebook.ipynb`, outputs included, and the pictures of its cards for the docs.

python docs/pictures/notebook.py            # the notebook
python docs/pictures/notebook.py pictures   # and the pictures, with Chromium as /usr/bin/chromium
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
WIDTH, HEIGHT = 900, 1000
PAGES = {"light": "background:#fff;color:#1a1a1a", "dark": "background:#111;color:#ddd"}

TEXT = """
# Handwritten digits, in a notebook
A sweep, the best model trained, timed, and converted to ONNX. The decorators and `track.log` are all there is of
tracking; each cell that runs something shows it in a card. `docs/pictures/notebook.py` made this file.
"""
CODE = [
    """
from skl2onnx import to_onnx
from sklearn import datasets, linear_model, model_selection
from tracked import track, tracked_benchmark, tracked_conversion, tracked_sweep, tracked_training

X, y = datasets.load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = model_selection.train_test_split(X.astype("float32") / 16, y, random_state=0)
""",
    """
@tracked_training
def train(alpha: float, eta0: float, epochs: int = 10):
    model = linear_model.SGDClassifier(alpha=alpha, eta0=eta0, learning_rate="constant", random_state=0)
    for _ in range(epochs):
        track.log(acc=model.partial_fit(Xtr, ytr, classes=range(10)).score(Xte, yte))
    return model
""",
    """
@tracked_sweep(n_trials=6, maximize="acc", seed=1)
def sweep(trial):
    alpha = trial.suggest_float("alpha", 1e-5, 1e-1, log=True)
    return train(alpha, trial.suggest_float("eta0", 1e-3, 1.0, log=True)).score(Xte, yte)
""",
    "found = sweep()\nfound",
    """
@tracked_benchmark(batch_sizes=[1, 64])
def latency(model, batch_size=1):
    return model.predict(Xte[:batch_size])
""",
    """
@tracked_conversion
def convert(model):
    return to_onnx(model, Xtr[:1], options={"zipmap": False})
""",
    "best = train(**found.best.params)\nlatency(best)\nconvert(best);",
]


def main() -> None:
    """Make the notebook, and the pictures if they are asked for."""
    made = executed(fresh())
    nbformat.write(made, NOTEBOOK)
    if "pictures" in sys.argv[1:]:
        for theme, style in PAGES.items():
            picture(cards(made), theme, style)


def fresh() -> NotebookNode:
    """The notebook before it is run."""
    code = [nbformat.v4.new_code_cell(cell.strip()) for cell in CODE]
    cells = [nbformat.v4.new_markdown_cell(TEXT.strip()), *code]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # the same each time it is made
    about = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": about})


def executed(notebook: NotebookNode) -> NotebookNode:
    """The same with its outputs, run in a folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return nbformat.from_dict(_cleaned(_executed(notebook, Path(folder)), folder))


def _executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TQDM_DISABLE": "1",
    }
    environ |= {"TRACKED_HOME": str(folder / "home"), "TRACKED_EXPERIMENT": "digits", "TRACKED_LINGER": "5"}
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=environ)


def _cleaned(node: object, folder: str) -> object:
    """Without what is of one moment and one machine: times, folders, remarks of others on stderr."""
    if isinstance(node, dict):
        return {key: _cleaned(value, folder) for key, value in node.items() if key != "execution"}
    if isinstance(node, list):
        return [_cleaned(one, folder) for one in node if not _is_remark(one)]
    return node.replace(folder, "/home/me/digits") if isinstance(node, str) else node


def _is_remark(output: object) -> bool:
    return isinstance(output, dict) and output.get("name") == "stderr"


def cards(notebook: NotebookNode) -> Iterator[str]:
    """The cards that it shows."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if html := output.get("data", {}).get("text/html"):
                yield html


def picture(shown: Iterator[str], theme: str, style: str) -> None:
    """Draw these on a page of their own, and take a picture of it."""
    page = f"<!doctype html><meta charset=utf-8><body style='{style};margin:12px'>{''.join(shown)}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        (Path(name) / "page.html").write_text(page, encoding="utf-8")
        options = (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--virtual-time-budget=5000",
        )
        where = (
            f"--screenshot={HERE}/notebook-{theme}.png",
            f"--user-data-dir={name}/profile",
            f"file://{name}/page.html",
        )
        size = f"--window-size={WIDTH},{HEIGHT}"
        subprocess.run(["/usr/bin/chromium", *options, size, *where], check=True, capture_output=True)


if __name__ == "__main__":
    main()
