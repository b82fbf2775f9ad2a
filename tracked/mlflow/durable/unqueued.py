"""MLflow's asynchronous calls over a store in which nothing is queued: each is done when it returns."""

from __future__ import annotations

from typing import Any

from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.async_logging.run_operations import RunOperations


class Unqueued:
    """The asynchronous half of a store; the other one writes."""

    def _log(self, run_id: str, metrics: Any, params: Any, tags: Any, *, strict: bool) -> None:
        raise NotImplementedError

    def log_batch_async(self, run_id: str, metrics: Any, params: Any, tags: Any) -> RunOperations:
        """The same as :meth:`log_batch`, which waits for nobody; of a param that changes the first value stays."""
        self._log(run_id, metrics, params, tags, strict=False)
        return RunOperations([])  # type: ignore[no-untyped-call]

    def log_metric_async(self, run_id: str, metric: Metric) -> RunOperations:
        """The same as :meth:`log_metric`."""
        return self.log_batch_async(run_id, [metric], [], [])

    def log_param_async(self, run_id: str, param: Param) -> RunOperations:
        """The same as :meth:`log_param`."""
        return self.log_batch_async(run_id, [], [param], [])

    def set_tag_async(self, run_id: str, tag: RunTag) -> RunOperations:
        """The same as :meth:`set_tag`."""
        return self.log_batch_async(run_id, [], [], [tag])

    def end_async_logging(self) -> None:
        """Nothing is queued here."""

    shut_down_async_logging = end_async_logging
