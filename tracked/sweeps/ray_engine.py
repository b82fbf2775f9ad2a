"""Ray Tune as the engine of a sweep: it decides where and when trials run, the study what they are.

Suggestions, pruning by name and all that is remembered come from the same study as without Ray, which is asked and
told here.  So a sweep that is called again goes on from the study: no state of Ray Tune's own has to be restored.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import ray
from ray import tune
from ray.tune.schedulers import TrialScheduler

from ..errors import ConfigError
from .ray_desk import Desk, DeskScheduler, DeskSearcher, Ends, Watched, folder_of
from .ray_worker import TrialWorker, Work

_QUIET = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # files that nobody asked for
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # the last result is no value of the metric
    "TUNE_WARN_THRESHOLD_S": "60",
    "RAY_AIR_NEW_OUTPUT": "0",
}
_HANDLED = ("SIGINT", "SIGUSR1")
"""Signals for which Ray Tune sets a handler."""


@dataclass(frozen=True)
class How:
    """How trials are tried.

    Attributes:
        metric: name of the objective.
        mode: ``max`` or ``min``.
        resources: what Ray sets aside for each trial, such as ``{"cpu": 1, "gpu": 0.5}``.
        scheduler: one of Ray Tune, which decides by itself what is hopeless; None asks the desk.
    """

    metric: str
    mode: str
    resources: Mapping[str, float]
    scheduler: TrialScheduler | None = None


def try_in_ray(desk: Desk, work: Work, how: How) -> None:
    """Try what the desk hands out, in Ray's workers, until it is done.

    Raises:
        ConfigError: the work cannot be sent to workers.
    """
    watched = Watched(desk)
    scratch = tempfile.TemporaryDirectory(prefix="tracked-ray-")
    with _running(), _environment(_QUIET), _own_handlers(), scratch as folder:
        try:
            tune.Tuner(
                tune.with_resources(_sendable(work, how.metric), dict(how.resources)),
                tune_config=_tune_config(cast("Desk", watched), how),
                run_config=tune.RunConfig(
                    name="sweep",
                    storage_path=folder,
                    verbose=0,
                    callbacks=[Ends(cast("Desk", watched), hears=how.scheduler is not None)],
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                ),
            ).fit()
        except Exception:  # Ray Tune wraps what comes out of the desk in one of many of its own
            if watched.error is not None:
                raise watched.error from None
            raise


def _tune_config(desk: Desk, how: How) -> Any:
    names_metric = how.scheduler is not None and how.scheduler.metric is None
    return tune.TuneConfig(
        metric=how.metric if names_metric else None,
        mode=how.mode if names_metric else None,
        search_alg=DeskSearcher(desk),
        scheduler=how.scheduler or DeskScheduler(desk),
        num_samples=-1,
        reuse_actors=True,
        trial_dirname_creator=folder_of,
    )


def version() -> str:
    """Ray's."""
    return str(ray.__version__)


def has_other_machines() -> bool:
    """Whether trials may run elsewhere than here."""
    return ray.is_initialized() and sum(bool(node["Alive"]) for node in ray.nodes()) > 1


@contextmanager
def _running() -> Iterator[None]:
    """Ray as it runs already, or a local one for the time of this block."""
    if ray.is_initialized():
        yield
        return
    ray.init(logging_level="ERROR")
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables that Ray Tune reads where it has no option, for those that the person has not set."""
    new = {name: value for name, value in values.items() if name not in os.environ}
    with ExitStack() as stack:
        for name in new:
            stack.callback(os.environ.pop, name, None)
        os.environ.update(new)
        yield


@contextmanager
def _own_handlers() -> Iterator[None]:
    """The handlers of the process's signals, as they were, after this block: Ray Tune leaves its own."""
    there = [getattr(signal, name) for name in _HANDLED if hasattr(signal, name)]
    is_main = threading.current_thread() is threading.main_thread()  # elsewhere nobody can set one
    before = {number: signal.getsignal(number) for number in there if is_main}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # it is not Python's
                signal.signal(number, handler)


def _sendable(work: Work, metric: str) -> Any:
    try:
        return tune.with_parameters(TrialWorker, work=work, metric=metric)
    except TypeError as error:
        raise ConfigError(
            f"the sweep's function, or what it was called with, cannot be sent to Ray's workers: {error}. "
            "Make what it needs inside of it, or pass what can be pickled"
        ) from error
