"""Calls that go on to the real store: with its own ids in them, and at once refused where it does not answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run, RunInfo, Trace, TraceInfo

from ...errors import TrackedError
from ..aliases import ARTIFACTS, experiment_behind
from ..client import client_for, experiment_id
from ..stores import artifact_root
from . import reach
from .keeper import Keeper
from .known import unavailable
from .runs import Runs

_PROXIED = "mlflow-artifacts:"
"""Files that a server hands on: such a URI has a meaning only beside that of the server."""
_PASSED = "tracked-" + _PROXIED
"""The same, to be opened beside a durable store."""
_LOCATION, _SOURCE_RUN = "mlflow.artifactLocation", "mlflow.sourceRun"


class Passing:
    """The way to the real store behind a durable one, and back.

    Args:
        keeper: of the session whose store it is.
        runs: the runs that are written through the durable store.
        inner: takes the part that is wanted from MLflow's client of the real store.
    """

    def __init__(self, keeper: Keeper, runs: Runs, inner: Callable[[MlflowClient], Any]) -> None:
        self.keeper, self.runs, self._inner = keeper, runs, inner

    @property
    def client(self) -> MlflowClient:
        """MLflow's client of the real store.

        Raises:
            MlflowException: the store does not answer.
        """
        if not reach.answers(self.keeper.uri):
            raise unavailable("the store does not answer; what was logged is kept and delivered later")
        try:
            return client_for(self.keeper.uri, self.keeper.templates)
        except TrackedError as error:
            raise unavailable(str(error)) from error

    def delivered(self) -> bool:
        """Deliver what was written, so that it can be read; whether that succeeded."""
        return reach.answers(self.keeper.uri) and self.keeper.deliver()

    def get(self, name: str) -> Any:
        """What the real store has under this name; a method is called with the store's own ids.

        Raises:
            MlflowException: the store does not answer.
        """
        value = getattr(self._inner(self.client), name)
        return partial(self._called, value) if callable(value) else value

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the real store."""
        return self.get(name)(*args, **kwargs)

    def _called(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        named = {key: self.outward(value) for key, value in kwargs.items()}
        return self.inward(method(*map(self.outward, args), **named))

    def outward(self, value: Any) -> Any:
        """An argument as the real store understands it."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list | tuple):
            return type(value)(map(self.outward, value))
        if isinstance(value, TraceInfo):
            self._settle(value)
        return value

    def _text(self, text: str) -> str:
        if (experiment := experiment_behind(text)) is not None:
            return self.experiment(experiment)
        if text.startswith(ARTIFACTS):
            return self.artifact_uri(text)
        return self.runs.remote_id(text.removeprefix("tracked-") if text.startswith(_PASSED) else text)

    def experiment(self, name: str) -> str:
        """The store's id of the experiment, made if it is missing.

        Raises:
            MlflowException: the store does not answer, or the experiment is deleted.
        """
        try:
            return experiment_id(self.client, name, artifact_root(self.keeper.uri))
        except TrackedError as error:
            raise unavailable(str(error)) from error

    def artifact_uri(self, uri: str) -> str:
        """Where the store really keeps what we call ``tracked-artifacts:/RUN/PATH``."""
        run_id, _, path = uri.removeprefix(ARTIFACTS).strip("/").partition("/")
        root = self.client.get_run(self.runs.remote_id(run_id)).info.artifact_uri or ""
        return f"{root.rstrip('/')}/{path}" if path else root

    def _settle(self, trace: TraceInfo) -> None:
        experiment = trace.trace_location.mlflow_experiment
        if experiment is not None:
            experiment.experiment_id = self._text(experiment.experiment_id)
        if _SOURCE_RUN in trace.trace_metadata:
            trace.trace_metadata[_SOURCE_RUN] = self._text(trace.trace_metadata[_SOURCE_RUN])

    def inward(self, value: Any) -> Any:
        """A result whose files are to be found through us."""
        if isinstance(value, Run):
            return _through_us(value)
        if isinstance(value, str):
            return _passed(value)  # where the registry keeps a version
        if isinstance(value, list):
            value[:] = map(self.inward, value)  # a page of results keeps its token
        elif isinstance(value, LoggedModel):
            value.artifact_location = _passed(value.artifact_location)
        elif isinstance(value, TraceInfo) and _LOCATION in value.tags:
            value.tags[_LOCATION] = _passed(value.tags[_LOCATION])
        elif isinstance(value, Trace):
            self.inward(value.info)
        return value


def proxied(uri: str) -> str | None:
    """The URI beside the real server, if this is one of a server's files; None for any other."""
    return uri.removeprefix("tracked-") if uri.startswith(_PASSED) else None


def _passed(uri: str) -> str:
    return f"tracked-{uri}" if uri.startswith(_PROXIED) else uri


def _through_us(run: Run) -> Run:
    info: Any = RunInfo.from_dictionary({**dict(run.info), "artifact_uri": ARTIFACTS + run.info.run_id})
    return Run(info, run.data, run.inputs, run.outputs)
