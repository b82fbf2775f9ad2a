"""Makes the pictures of a report for the docs: runs a sweep, has its page written, and looks.

    python docs/pictures/report.py        # needs the package playwright, and Chromium

The files lie beside this script.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.browsers import browser  # noqa: E402 - the path comes first

SEARCH = """
import warnings
from sklearn import datasets, linear_model, model_selection
from tracked import track, tracked_sweep

X, y = datasets.load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = model_selection.train_test_split(X / 16, y, random_state=0)
warnings.simplefilter("ignore")

@tracked_sweep(n_trials=40, maximize="acc", seed=1)
def digits(trial):
    model = linear_model.SGDClassifier(
        alpha=trial.suggest_float("alpha", 1e-6, 1, log=True),
        eta0=trial.suggest_float("eta0", 1e-5, 1, log=True),
        penalty=trial.suggest_categorical("penalty", ["l1", "l2", "elasticnet"]),
        average=trial.suggest_categorical("average", [True, False]),
        learning_rate="constant", random_state=0,
    )
    for _ in range(15):
        model.partial_fit(Xtr, ytr, classes=range(10))
        track.log(acc=model.score(Xte, yte))
    return model.score(Xte, yte)

digits()
"""
WIDTH, HEIGHT = 1180, 1010


def main() -> None:
    """Make every picture."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ |= {"TRACKED_HOME": str(folder / "home"), "TRACKED_LINGER": "1"}
        (folder / "search.py").write_text(SEARCH)
        for command in (["search.py"], ["-m", "tracked.cli", "report", "@last", "-o", "report.html"]):
            subprocess.run([sys.executable, *command], cwd=folder, check=True)
        with browser() as running:
            for scheme in ("light", "dark"):
                size = {"width": WIDTH, "height": HEIGHT}
                page = running.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
                page.goto((folder / "report.html").as_uri())
                page.screenshot(path=HERE / f"report-{scheme}.png")
                page.close()


if __name__ == "__main__":
    main()
