"""A kernel for each module: it takes a second to start, and MLflow some more to load."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.notebook.kernels import Notebook, notebook
from tests.scripts import Store, await_

ROOT = Path(__file__).parents[2]
_FOREIGN = ("TRACKED_", "MLFLOW_")


def environment(folder: Path, templates: Path, **more: str) -> dict[str, str]:
    """What a kernel is given: a home of its own, and nothing from outside."""
    home = folder / "kernel"
    home.mkdir()
    (home / "templates").symlink_to(templates)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)},
        "TRACKED_HOME": str(home),
        "TRACKED_LINGER": "1",
        "TRACKED_PROVENANCE": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": str(ROOT),
        **more,
    }


@dataclass
class Work:
    """A notebook, and the store that its runs go to."""

    notebook: Notebook
    store: Store

    def run(self, source: str):
        """Run a cell."""
        return self.notebook.run(source)

    def states(self, name: str) -> list[str]:
        """The states of the runs of this name, or of a function of this name, in their order, as they become."""
        return [run.status for run in self.store.runs if name in (run.name, run.name.rpartition("-")[0])]

    def await_states(self, name: str, *states: str) -> None:
        """Wait until these are the states of the runs of this name."""
        await_(lambda: self.states(name) == list(states), f"{name}: {self.states(name)}, not {states}")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, templates: Path) -> Iterator[Work]:
    """A notebook whose kernel has loaded ``tracked``, and a store that needs no MLflow."""
    folder = tmp_path_factory.mktemp("notebook")
    store = Store(folder)
    with notebook(folder, environment(folder, templates, TRACKED_TRACKING_URI=store.uri)) as opened:
        begun = opened.run(
            "%load_ext tracked\nimport time\nfrom tracked import *\nfrom tracked import track as t_\n"
        )
        assert not begun.outputs
        yield Work(opened, store)
