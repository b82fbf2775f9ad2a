"""The tracking store that MLflow's own calls meet: they write records, and what they read is delivered first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mlflow import MlflowClient
from mlflow.entities import Experiment, Metric, Param, Run, RunStatus, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList

from ... import speech
from ... import tags as t
from ...outcome import FAILED, FINISHED, KILLED
from ...records import Closed, Opened, Params, Record, Tags
from ..aliases import experiment_alias, experiment_behind, experiment_of
from .artifacts import remember
from .keeper import Keeper
from .known import metric, points_of, run_of, to_come, unavailable
from .passing import Passing
from .runs import Runs
from .unqueued import Unqueued
from .writing import checked, first_record, metric_records, now

_ENDS = frozenset({FINISHED, FAILED, KILLED})


class DurableStore(Unqueued):
    """A tracking store of MLflow before another one.

    What the six records can hold is acknowledged by the journal.  What is not written here goes on to the real
    store.  It is no ``RestStore``, for which MLflow prints addresses at each end of a run: for them it would have
    to wait until the server has said which they are.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.runs = Runs(keeper)
        self.passing = Passing(keeper, self.runs, _tracking)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # what copying and pickling look for is not the store's
        return self.passing.get(name)

    # Written.

    def create_run(
        self,
        experiment_id: str,
        user_id: str,  # noqa: ARG002 - it is among the tags
        start_time: int,
        tags: Sequence[RunTag],
        run_name: str | None,
    ) -> Run:
        """Begin a run under a local id; nothing is asked of the store."""
        given = {tag.key: tag.value for tag in tags or ()}
        parent = given.pop(t.MLFLOW_PARENT, None)
        local = self.runs.local(parent) if parent else None
        opened = first_record(str(experiment_id), start_time, given, run_name)
        opened = opened._replace(parent=local, parent_id=None if local else parent)
        self._write_first(opened)
        remember(opened.run, self)
        return run_of(opened, [opened])

    def log_batch(
        self, run_id: str, metrics: Sequence[Metric], params: Sequence[Param], tags: Sequence[RunTag]
    ) -> None:
        """Write one batch, after the checks that the store would make."""
        self._log(run_id, metrics, params, tags, strict=True)

    def _log(self, run_id: str, metrics: Any, params: Any, tags: Any, *, strict: bool) -> None:
        metrics, params, tags = checked(metrics, params, tags)
        run = self._to_write(run_id)
        written = self.runs.written(run)
        inputs = {param.key: str(param.value) for param in params}
        if strict:
            written.check(inputs, run_id)
        if inputs:
            self._write(Params(run, inputs))
            written.params = {**inputs, **written.params}
        for record in metric_records(run, map(written.placed, metrics)):
            self._write(record)
        if tags:
            self._write(Tags(run, {tag.key: str(tag.value) for tag in tags}))
        self._link_models(run_id, [value for value in metrics if value.model_id])

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """Write one value."""
        self.log_batch(run_id, [metric], [], [])

    def log_param(self, run_id: str, param: Param) -> None:
        """Write one input."""
        self.log_batch(run_id, [], [param], [])

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        """Write one label."""
        self.log_batch(run_id, [], [], [tag])

    def keep_file(self, run_id: str, path: Path, name: str) -> None:
        """Keep a file of the run as it is now."""
        self.keeper.keep_file(self._to_write(run_id), path, name)

    def flush_async_logging(self) -> None:
        """Wait until all is delivered, while that makes progress."""
        self.passing.delivered()

    def update_run_info(
        self, run_id: str, run_status: int | None, end_time: int | None, run_name: str | None
    ) -> None:
        """Rename the run, end it, or begin it again."""
        if run_name:
            self.set_tag(run_id, RunTag(t.MLFLOW_NAME, run_name))
        status = RunStatus.to_string(run_status) if run_status is not None else None
        if status in _ENDS:
            self._end(run_id, str(status), end_time or now())
        elif status is not None:
            self._begin_again(run_id, run_status)

    def _end(self, run_id: str, status: str, time: int) -> None:
        run = self._to_write(run_id)
        if self.keeper.is_open_here(run):
            speech.warn_once(
                f"MLflow's API was told to end the tracked run {run_id}, which ends with its function"
            )
        elif self.runs.is_ours(run):
            self._write(Closed(run, time, status))
            self.runs.has_ended(run)
            self.keeper.serve()
        elif self.passing.delivered():
            self.passing.call("update_run_info", run_id, RunStatus.from_string(status), time, None)
        else:
            self._not_now(run_id)

    def _begin_again(self, run_id: str, run_status: int | None) -> None:
        """Its end is ours from now on, also if this process should die."""
        run = self.runs.local(run_id)
        if run is None or not self.runs.is_ours(run):
            run = self.runs.join(run_id, self._experiment_of(run_id), take_over=True)
        else:
            opened = next((r for r in self.keeper.records(run) if isinstance(r, Opened)), None)
            self._write_first(opened or Opened(run, now(), "", self._experiment_of(run_id), attach=run_id))
        if self.passing.delivered():
            self.passing.call("update_run_info", run_id, run_status, None, None)

    def _to_write(self, run_id: str) -> str:
        return self.runs.to_write(run_id, lambda: self._experiment_of(run_id))

    def _experiment_of(self, run_id: str) -> str:
        """How a record names the experiment of a run in the store; the default one while nobody can tell."""
        if not self.passing.delivered():
            return "Default"
        return experiment_of(self.passing.call("get_run", run_id).info.experiment_id)

    def _link_models(self, run_id: str, metrics: list[Metric]) -> None:
        """A record says nothing of models: their copy of a value goes to the store, which knows the run's by then."""
        if metrics and self.passing.delivered():
            self.passing.call("log_batch", run_id, metrics, [], [])

    def _write_first(self, opened: Opened) -> None:
        self._keep(self.runs.begin, opened)

    def _write(self, record: Record) -> None:
        self._keep(self.keeper.write, record)

    def _keep(self, write: Callable[[Any], None], record: Record) -> None:
        try:
            write(record)
        except OSError as error:
            raise MlflowException(f"this cannot be kept: {error}") from error

    # Read.

    def get_run(self, run_id: str) -> Run:
        """The run as the store has it; while that does not answer, as the journal has it."""
        if self.passing.delivered():
            run: Run = self.passing.call("get_run", run_id)
            return run
        records = list(self.keeper.records(self.runs.local(run_id) or run_id))
        opened = next((record for record in records if isinstance(record, Opened)), None)
        return run_of(opened, records) if opened else self._not_now(run_id)

    def get_metric_history(
        self, run_id: str, metric_key: str, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[Metric]:
        """Every value of the metric, from where :meth:`get_run` reads."""
        if self.passing.delivered():
            page: PagedList[Metric] = self.passing.call(
                "get_metric_history", run_id, metric_key, max_results, page_token
            )
            return page
        run = self.runs.local(run_id) or self._not_now(run_id)
        points = [point for point in points_of(self.keeper.records(run)) if point.key == metric_key]
        return PagedList([metric(point) for point in points], None)

    def search_runs(
        self, experiment_ids: list[str], filter_string: str = "", *args: Any, **kwargs: Any
    ) -> Any:
        """The runs that match; the filter may name runs by our ids."""
        if not self.passing.delivered():
            self._not_now("a search")
        found = self.runs.in_filter(filter_string or "")
        return self.passing.call("search_runs", experiment_ids, found, *args, **kwargs)

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment; while the store does not answer, one that only has its name."""
        name = experiment_behind(str(experiment_id))
        if name is None or self.passing.delivered():
            found: Experiment = self.passing.call("get_experiment", experiment_id)
            return found
        return to_come(name)

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        """The experiment; while the store does not answer, it is taken to be there: it is made at delivery."""
        if self.passing.delivered():
            found: Experiment | None = self.passing.call("get_experiment_by_name", experiment_name)
            return found
        return to_come(experiment_name)

    def create_experiment(self, name: str, artifact_location: str | None = None, tags: Any = None) -> str:
        """Make the experiment; while the store does not answer, one without a place of its own is made later."""
        if self.passing.delivered():
            return str(self.passing.call("create_experiment", name, artifact_location, tags))
        if artifact_location or tags:
            self._not_now("an experiment with a location or tags")
        return experiment_alias(name)

    def _not_now(self, what: str) -> NoReturn:
        raise unavailable(f"{what}: the store does not answer, and the journal does not tell")


def _tracking(client: MlflowClient) -> Any:
    return client._tracking_client.store  # noqa: SLF001 - the public methods would change what they are given
