"""A call that is made elsewhere, in a job of Azure ML: what its sender has of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import tags as t
from .azure import submitted
from .context import RunRef


@dataclass(frozen=True)
class Job:
    """A call that was submitted: its run is the job's, and stands for a run wherever one is named.

    Attributes:
        name: of the job; it is MLflow's id of its run.
        url: its page in the studio.
        experiment: name of its experiment.
        uri: the workspace, as MLflow names it.
        ml_client: the client that it was submitted by.
    """

    name: str
    url: str
    experiment: str
    uri: str = field(repr=False)
    ml_client: Any = field(repr=False)

    @property
    def run_id(self) -> str:
        """MLflow's id of its run."""
        return self.name

    @property
    def ref(self) -> RunRef:
        """The reference by which it is a parent or a source."""
        return RunRef(self.name, "", self.experiment, run_id=self.name)

    @property
    def status(self) -> str:
        """What it does now: ``RUNNING``, ``FINISHED``, ``FAILED``, ``KILLED``, or Azure ML's word for what is before.

        Raises:
            LoginRefused, BackendUnavailable: the workspace does not tell.
        """
        return _status(submitted.state_of(self.ml_client, self.name))

    def wait(self, timeout: float | None = None, *, pause: float = submitted.PAUSE) -> str:
        """Wait until it has ended; a line tells each change of its state.

        Args:
            timeout: seconds, at most; any number if None.
            pause: seconds between two looks.

        Returns:
            ``FINISHED``, ``FAILED`` or ``KILLED``.

        Raises:
            BackendUnavailable: it has not ended by then; it goes on.
            LoginRefused: the workspace does not let us in any more.
        """
        return _status(submitted.wait(self.ml_client, self.name, timeout, pause))

    @property
    def run(self) -> Any:
        """Its run, as MLflow's object.

        Raises:
            RunNotFound: it has not begun.
            BackendUnavailable: the store does not answer.
        """
        from .mlflow.finder import get_run  # noqa: PLC0415 - loads MLflow: only who asks pays

        return get_run(self.uri, self.name)

    @property
    def info(self) -> Any:
        """MLflow's ``RunInfo``; raises as ``run``."""
        return self.run.info

    @property
    def data(self) -> Any:
        """MLflow's ``RunData``; raises as ``run``."""
        return self.run.data

    def children(self) -> list[Any]:
        """The runs right below it, such as the trials of a sweep, as MLflow's objects; raises as ``run``."""
        from .mlflow.finder import search  # noqa: PLC0415 - as above

        return list(search(self.uri, self.experiment, where={f"tags.{t.MLFLOW_PARENT}": self.name}))

    def download(self, path: str = "", dst: str | Path | None = None) -> Path:
        """A file or folder among its artifacts, or all of them: as :func:`tracked.download_artifacts`."""
        from .mlflow.artifacts.download import fetch  # noqa: PLC0415 - as above
        from .mlflow.artifacts.repository import Repository  # noqa: PLC0415
        from .mlflow.client import client_for  # noqa: PLC0415

        return fetch(Repository(client_for(self.uri), self.name), path, None if dst is None else Path(dst))


def _status(state: str) -> str:
    return submitted.ENDS.get(state, state.upper())
