"""Where the runs of a program come to lie, and what their tree has to be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mlflow import MlflowClient

from tests.bench import shippers
from tests.scripts import Store, await_
from tests.servers import free_port, mlflow_server
from tests.stores import all_runs
from tracked import tags as t
from tracked.testing import StoredRun

QUIET = {
    "RAY_AUTH_MODE": "disabled",  # else a token is written to the home
    "RAY_USAGE_STATS_ENABLED": "0",
}
PROGRAMS = Path(__file__).with_name("programs")
XS = range(3)
"""What each function is called with."""


class Place:
    """A folder in which a program's workers run, with a home and a store of its own."""

    def __init__(self, folder: Path, ways: str) -> None:
        shutil.copytree(PROGRAMS, folder, dirs_exist_ok=True)
        self.store, self.ways = Store(folder), ways
        self.environ = {
            "TRACKED_HOME": str(folder / "home"),
            "TRACKED_LINGER": "1",
            "HOME": str(folder),
            **QUIET,
        }

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return self.store.folder

    def run(self, uri: str) -> None:
        """Run the program, and with it its workers."""
        source = (self.folder / "program.py").read_text()
        self.store.python(source, self.ways, **self.environ, TRACKED_TRACKING_URI=uri)

    def run_offline(self, uri: str) -> None:
        """Run it where no store answers; whoever would try again ends too, as it does with a container."""
        self.run(uri)
        shippers.end(self.folder / "home")

    def sync(self, uri: str) -> None:
        """Deliver what is kept: all of it has to go."""
        environ = {**os.environ, **self.environ, "TRACKED_TRACKING_URI": uri}
        command = [sys.executable, "-m", "tracked.cli", "sync"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def online(place: Place, expected: int) -> list[StoredRun]:
    """The store is there all the time: the shipper delivers so many runs."""
    store = place.store
    place.run(store.uri)
    await_(lambda: expected <= len([run for run in store.runs if run.status == "FINISHED"]), "delivery")
    return store.runs


def offline(place: Place, expected: int) -> list[StoredRun]:
    """The store cannot be made until all workers are gone, and then gets everything at once."""
    store = Store(place.folder / "later")
    store.folder.touch()  # where its folder is to be
    place.run_offline(store.uri)
    store.folder.unlink()
    place.sync(store.uri)
    return store.runs


def offline_server(place: Place, expected: int) -> list[StoredRun]:
    """The same with MLflow's server."""
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    place.run_offline(uri)
    with mlflow_server(place.folder, port=port):
        place.sync(uri)
        return list(all_runs(MlflowClient(uri)).values())


def under(runs: list[StoredRun], above: StoredRun) -> list[StoredRun]:
    """The runs that stand under this one."""
    return [run for run in runs if run.tags.get(t.MLFLOW_PARENT) == above.run_id]


def logged(x: int) -> list[float]:
    """What is logged for this x."""
    return [float(x), x + 10.0]
