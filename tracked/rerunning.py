"""Doing a run again: its function with its arguments, as a run that names the first one."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import tags as t
from .decorate import TrackedFunction, again
from .downloading import download_artifacts
from .errors import ConfigError, TrackedError
from .finding import delivered, find_mlflow_run
from .provenance.recorded import call_of, changed, function_called
from .provenance.source import source_tags
from .provenance.verdict import ATOL, RTOL, Divergence, first_divergence

if TYPE_CHECKING:
    from .run import Run

_CUT = re.compile(r"\.\.\. sha256:(?P<digest>[0-9a-f]{16})\Z")


@dataclass(frozen=True)
class Plan:
    """A call that does a run again, before it is made.

    Attributes:
        run_id: MLflow's id of the run that is done again.
        name: the function, as ``module.qualname``.
        function: the function.
        args: its positional arguments.
        kwargs: its named arguments.
        remarks: what is not as it was then.
    """

    run_id: str
    name: str
    function: TrackedFunction
    args: list[Any]
    kwargs: dict[str, Any]
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        given = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        return f"{self.name}({', '.join(given)})"

    def make(self) -> Run:
        """Make the call; what the function raises comes out as it is.

        Returns:
            The run of it.

        Raises:
            TrackedError: it was made, and there is no run of it: tracking is off.
        """
        runs: list[Run] = []
        function = again(self.function, {t.RERUN_OF: self.run_id}, runs.append)
        _ended(function(*self.args, **self.kwargs))
        if not runs or runs[0].is_off:
            raise TrackedError(f"{self.name} was called, and there is no run of it: tracking is off")
        return runs[0]


def _ended(result: Any) -> None:
    """See that the work is done, which a coroutine or a generator only promises."""
    if inspect.iscoroutine(result):
        asyncio.run(result)
    elif inspect.isgenerator(result):
        for _ in result:
            pass


def planned(run: str, changes: Mapping[str, str] | None = None) -> Plan:
    """The call that does this run again.  The module of its function is imported, and nothing else of it is run.

    Args:
        run: MLflow's id of the run, ours, or its name.
        changes: other values of arguments, as texts; see ``provenance.recorded.changed``.

    Raises:
        RunNotFound: there is no such run, or several.
        ConfigError: it cannot be done again: the message says why, and what helps.
        BackendUnavailable: the store does not answer.
    """
    found = named(run)
    name, recorded = _function_of(found), _arguments_of(found)
    function = function_called(name)
    if not isinstance(function, TrackedFunction):
        raise ConfigError(f"{name} is no decorated function (any more), and only those are called")
    args, kwargs = call_of(function, changed(recorded, changes or {}))
    return Plan(found.info.run_id, name, function, args, kwargs, tuple(_remarks(found.data.tags)))


def named(run: str) -> Any:
    """The run that a person means: by MLflow's id, ours, or its name, in any experiment.

    Raises:
        RunNotFound: there is none, or several.
        BackendUnavailable: the store does not answer.
    """
    return find_mlflow_run("*", run_id=run, local_id=run, run_name=run).run


def _function_of(run: Any) -> str:
    tags, run_id = run.data.tags, run.info.run_id
    name = tags.get(t.FUNCTION, "")
    why = ""
    if not name:
        why = "it is no call of a decorated function"
    elif "<" in name or name.startswith("__main__."):
        why = f"{name} is made inside a function, or by what is no file: it cannot be imported"
    elif t.CLASS in tags:
        why = f"{name} is a method, and its object is not kept"
    elif t.PER_CALL in tags:
        why = "it is made of many calls"
    if why:
        raise ConfigError(f"run {run_id} cannot be done again: {why}")
    return str(name)


def _arguments_of(run: Any) -> dict[str, Any]:
    text = run.data.tags.get(t.ARGUMENTS)
    if text is None:
        raise ConfigError(
            f"run {run.info.run_id} cannot be done again: its arguments were not recorded. It is from an earlier "
            "version, or was made with TRACKED_PROVENANCE=0"
        )
    if cut := _CUT.search(text):
        whole = download_artifacts(run.info.run_id, f"tags/{t.ARGUMENTS}.{cut['digest']}.txt")
        text = whole.read_text(encoding="utf-8")
    try:
        return dict(json.loads(text))
    except ValueError as error:
        raise ConfigError(f"the arguments of run {run.info.run_id} cannot be read: {error}") from error


def _remarks(tags: Mapping[str, str]) -> list[str]:
    then, now = tags.get(t.GIT_COMMIT), source_tags().get(t.GIT_COMMIT)
    told = []
    if then and then != now:
        told.append(f"the code was at commit {then[:12]} and is at {now[:12] if now else 'none'} now")
    if tags.get(t.GIT_DIRTY) == "true":
        of = f" of run {run}" if (run := tags.get(t.DIFF_RUN)) else ""
        told.append(
            f"the code had changes that are in no commit: see provenance/diff.patch among the artifacts{of}"
        )
    return told


@dataclass(frozen=True)
class Verdict:
    """Whether a run came out the same again.

    Attributes:
        run_id: MLflow's id of the first run.
        again: MLflow's id of the one that did it again.
        metrics: how many metrics were compared.
        divergence: where they part first; None if they do not.
    """

    run_id: str
    again: str
    metrics: int
    divergence: Divergence | None


def verified(plan: Plan, rtol: float = RTOL, atol: float = ATOL, only: Collection[str] = ()) -> Verdict:
    """Do a run again, and compare what both measured, step by step.

    Raises:
        ConfigError: the first run has measured nothing that counts, so that there is nothing to compare.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.histories import histories  # noqa: PLC0415 - loads MLflow: only who asks pays

    session = delivered()
    then = histories(session.uri, plan.run_id, session.templates)
    counted = [metric for metric in then if not only or metric in only]
    if not counted:
        raise ConfigError(
            f"run {plan.run_id} has no metric {' or '.join(only) or 'at all'}: nothing can be compared"
        )
    run = plan.make()
    delivered()
    now = histories(session.uri, run.id, session.templates)
    return Verdict(plan.run_id, run.id, len(counted), first_divergence(then, now, rtol, atol, only))
