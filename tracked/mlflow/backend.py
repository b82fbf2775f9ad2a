"""The MLflow store as the shipper sees it: records become runs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock

from mlflow import MlflowClient
from mlflow.entities import Run, RunStatus

from .. import tags as t
from ..attempts import KnownRun
from ..errors import Refused
from ..limits import Limits, limits_of
from ..ports import File, OpenRun, Point, RemoteRun
from ..records import Opened
from . import datasets
from .artifacts.repository import Repository
from .artifacts.upload import Uploads
from .client import client_for, experiment_called, experiment_id, experiment_ids
from .faults import told
from .stores import artifact_root
from .wire import create, end, knock, send

_OURS_RUNNING = f"attributes.status = 'RUNNING' AND tags.`{t.LOCAL_ID}` LIKE '%'"
_DUPLICATE = re.compile(r"UNIQUE constraint failed: metrics|metric_pk", re.IGNORECASE)


class MlflowBackend:
    """Implements :class:`tracked.ports.Backend` over any MLflow tracking URI.

    Args:
        uri: a normalised tracking URI; nothing is asked of the store until the first call.
        template_folder: where the finished empty databases of the embedded store are kept.
    """

    def __init__(self, uri: str, template_folder: Path | None = None) -> None:
        self.uri = uri
        self.limits: Limits = limits_of(uri)
        self._templates = template_folder
        self._experiments: dict[str, str] = {}
        self._last: MlflowClient | None = None
        self._lock = Lock()
        self._uploads = Uploads(lambda run_id: Repository(self.client, run_id))

    @property
    def client(self) -> MlflowClient:
        """MLflow's client of the store.

        Raises:
            BackendUnavailable: the store cannot be opened now.
            Refused: MLflow does not know such a store.
        """
        client = client_for(self.uri, self._templates)
        if client is not self._last:
            # The first one, or the database was removed and made anew: then nothing known of it holds.
            self._experiments.clear()
            self._last = client
        return client

    def create(self, opened: Opened, parent_id: str | None) -> RemoteRun:
        """Make the run with all its first tags, its experiment too if it is missing."""
        tags = self._first_tags(opened, parent_id)
        experiment = self._experiment(opened.experiment)
        try:
            with told():
                made = create(self.client, experiment, opened.time, tags, opened.name)
        except Refused:
            # It may have been deleted since it was looked up: the next run looks again.
            self._experiments.pop(opened.experiment, None)
            raise
        self._uploads.is_new(made.run_id)
        return made

    def find(self, opened: Opened) -> RemoteRun | None:
        """The run that ``opened.attach`` names, or the one that an earlier ``create`` made."""
        if opened.attach is not None and (joined := self._run(opened.attach)) is not None:
            return _remote(joined)._replace(owned=False)
        with told():
            experiment = experiment_called(self.client, opened.experiment)
            if experiment is None or not opened.run.isalnum():
                return None
            made = f"tags.`{t.LOCAL_ID}` = '{opened.run}'"
            found = self.client.search_runs([experiment.experiment_id], made, max_results=1)
        return _remote(found[0]) if found else None

    def log(
        self, run_id: str, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Write one batch; MLflow cuts infinities to its largest number, so a tag says which they were."""
        labels = {
            **datasets.taken(self.client, run_id, tags),
            **_infinite(points, self.limits.tag_key_length),
        }
        try:
            with told():
                send(self.client, run_id, points, params, labels)
        except Refused as error:
            if not _is_there_already(points, labels, error):
                raise

    def param(self, run_id: str, key: str) -> str | None:
        """The stored value."""
        with told():
            value = self.client.get_run(run_id).data.params.get(key)
        return None if value is None else str(value)

    def tag(self, run_id: str, key: str) -> str | None:
        """The stored value."""
        with told():
            value = self.client.get_run(run_id).data.tags.get(key)
        return None if value is None else str(value)

    def known(self, run_id: str) -> KnownRun:
        """What it is and has."""
        with told():
            return _known(self.client.get_run(run_id))

    def upload(
        self, run_id: str, files: Sequence[File], alive: Callable[[], object] = lambda: None
    ) -> Mapping[str, str]:
        """Store the files; the digests of what is there lie beside them, in ``.tracked``."""
        return self._uploads.upload(run_id, files, alive)

    def remove(self, run_id: str, name: str) -> None:
        """Take away what lies under ``name``, where the store can; it is no longer told of in any case."""
        self._uploads.remove(run_id, name)

    def close(self, run_id: str, status: str, time: int) -> None:
        """Set the end state."""
        with told():
            end(self.client, run_id, status, time)

    def status(self, run_id: str) -> str:
        """The state that it has now."""
        with told():
            return str(self.client.get_run(run_id).info.status)

    def holder(self, run_id: str) -> str | None:
        """Who goes on with it."""
        return self.tag(run_id, t.ATTEMPT_ID)

    def reopen(self, run_id: str, without: Collection[str]) -> None:
        """It is running; MLflow keeps the end time until the next end."""
        with told():
            there = self.client.get_run(run_id).data.tags
            for key in without:
                if key in there:
                    self.client.delete_tag(run_id, key)
            self.client.update_run(run_id, RunStatus.to_string(RunStatus.RUNNING))

    def delete(self, run_id: str) -> None:
        """It is among MLflow's deleted runs, which ``mlflow gc`` removes."""
        with told():
            self.client.delete_run(run_id)

    def same(self, experiment: str, key: str) -> Sequence[KnownRun]:
        """Those of this call key, the newest first."""
        with told():
            there = experiment_called(self.client, experiment)
            if there is None or not key.isalnum():
                return []
            of_key = f"tags.`{t.CALL_KEY}` = '{key}'"
            newest = ["attributes.start_time DESC"]
            found = self.client.search_runs([there.experiment_id], of_key, order_by=newest)
        return [_known(run) for run in found]

    def running(self, experiment_id: str | None) -> Sequence[OpenRun]:
        """Those that are running and carry our id: one query, for as many as one answer holds."""
        with told():
            within = [experiment_id] if experiment_id else experiment_ids(self.client)
            found = self.client.search_runs(within, _OURS_RUNNING, order_by=["attributes.start_time ASC"])
        return [OpenRun(run.info.run_id, run.info.start_time, run.data.tags) for run in found]

    def _first_tags(self, opened: Opened, parent_id: str | None) -> dict[str, str]:
        tags = {**opened.tags, **self._inherited(opened.inherit), t.LOCAL_ID: opened.run}
        if opened.name:
            tags[t.MLFLOW_NAME] = opened.name
        if parent_id is not None:
            tags[t.MLFLOW_PARENT] = parent_id
        return tags

    def _inherited(self, run_id: str | None) -> dict[str, str]:
        run = self._run(run_id) if run_id is not None else None
        return _hashes(run.data.tags) if run is not None else {}

    def _run(self, run_id: str) -> Run | None:
        try:
            with told():
                return self.client.get_run(run_id)
        except Refused:
            return None

    def _experiment(self, name: str) -> str:
        with self._lock:
            client = self.client
            if name not in self._experiments:
                with told():
                    knock(client)
                self._experiments[name] = experiment_id(client, name, artifact_root(self.uri))
            return self._experiments[name]


def _remote(run: Run) -> RemoteRun:
    return RemoteRun(run.info.run_id, run.info.experiment_id, run.info.artifact_uri or "")


def _known(run: Run) -> KnownRun:
    info, data = run.info, run.data
    # MLflow's mapping of metrics leaves their steps out.
    steps = {metric.key: metric.step for metric in data.to_proto().metrics}
    return KnownRun(
        info.run_id,
        info.experiment_id,
        str(info.status),
        info.start_time,
        info.end_time,
        data.params,
        data.tags,
        steps,
    )


def _hashes(tags: Mapping[str, str]) -> dict[str, str]:
    """The hashes of a run under our keys, whichever key they are stored under."""
    stored = {key: next((tags[k] for k in t.reading_order(key) if k in tags), None) for key in t.HASHES}
    return {key: value for key, value in stored.items() if value is not None}


def _is_there_already(points: Sequence[Point], labels: Mapping[str, str], error: Refused) -> bool:
    """Whether it was one NaN sent again: early servers of MLflow 3 do not find it equal to the stored one."""
    return (
        len(points) == 1
        and not labels
        and math.isnan(points[0].value)
        and bool(_DUPLICATE.search(str(error)))
    )


def _infinite(points: Sequence[Point], longest: int) -> dict[str, str]:
    return {
        (t.INFINITE + point.key)[:longest]: f"{point.value} at step {point.step}"
        for point in points
        if math.isinf(point.value)
    }
