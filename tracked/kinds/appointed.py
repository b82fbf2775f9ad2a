"""One trial of a sweep that searches elsewhere: this process is given the values, and its run is the trial."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import tags as t
from ..azure.entry import POINT
from ..azure.spaces import values_of
from ..errors import MetricNotFound
from ..naming import qualified_name
from ..plan import RunPlan
from ..ports import Suggested, Told
from ..run import Run
from ..scope import open_run
from .attempt import STAGE, Attempt
from .objective import Objective
from .sweep_options import SweepOptions


def is_appointed(options: SweepOptions, function: Any) -> bool:
    """Whether this process is one trial of this sweep, and not only inside one."""
    return options.searched is not None and qualified_name(function) == _point()[0]


def _point() -> tuple[str, Mapping[str, str]]:
    of, texts = json.loads(os.environ.get(POINT) or '["", {}]')
    return of, texts


def begin(plan: RunPlan, options: SweepOptions) -> Run:
    """Open the run of the trial, which is the run of the job."""
    tags = {key: value for key, value in plan.tags.items() if key != t.CALL_KEY}
    return open_run(replace(plan, stage=STAGE, monitor=options.search.objectives[0], tags=tags, key=None))


def try_it(run: Run, options: SweepOptions, objective: Objective) -> None:
    """Try the hyperparameters that were given."""
    values = values_of(_point()[1], options.searched.form if options.searched else {})
    attempt = _Given(_Elsewhere(values), options.search, Suggested(0, None), run)
    try:
        result = objective.call(values)
    except BaseException as error:  # the user's: the trial ends by it
        attempt.raised(error)
        raise
    attempt.returned(result)
    if lacking := attempt.lacking():
        raise MetricNotFound(
            f"{', '.join(lacking)} is what the sweep job optimises, and this trial neither returned nor logged it; "
            f"metrics that were: {', '.join(attempt.heard) or 'none'}"
        )


class _Given(Attempt):
    """A trial whose run is there."""

    def __init__(self, engine: Any, search: Any, suggested: Suggested, run: Run) -> None:
        self._there = run
        super().__init__(engine, search, suggested, run.ref.hashes.get(t.STUDY_KEY_HASH))

    def _opened(self, plan: RunPlan) -> Run:  # noqa: ARG002 - it is open
        return self._there


class _Elsewhere:
    """The engine as seen from one trial: it has suggested, and reads what is logged by itself."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def report(self, *_: Any) -> None:
        """It reads the metrics of the run."""

    def is_pruned(self, _: BaseException) -> bool:
        """It ends the process of a hopeless trial."""
        return False

    def tell(self, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        """As it was told; a trial without a value has failed."""
        ended = "failed" if state == "complete" and not values else state
        return Told(suggested.number, ended, tuple(values or ()), self._values)
