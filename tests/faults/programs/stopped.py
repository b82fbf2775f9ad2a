"""A shipper's own process that is killed with -9 at the step it is told: FOLDER URI STEP."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.faults.steps import At, PickyFile, stepping
from tracked.journal.folder import Folder
from tracked.shipper.loop import Shipper


def store(uri: str):
    """A store in a file, or MLflow's."""
    if uri.startswith("records://"):
        return PickyFile(Path(uri.removeprefix("records://")))
    from tracked.mlflow.backend import MlflowBackend

    return MlflowBackend(uri)


def main(folder: str, uri: str, at: str) -> None:
    """Deliver the folder as far as that step."""
    backend = store(uri)
    with stepping(backend, At(lambda: os.kill(os.getpid(), signal.SIGKILL), int(at) if at.isdigit() else at)):
        Shipper(Folder(Path(folder)), lambda: backend).drain()


if __name__ == "__main__":
    main(*sys.argv[1:])
