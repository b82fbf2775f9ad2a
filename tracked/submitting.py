"""Making a call of a decorated function elsewhere: as a job of Azure ML."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import session as sessions
from . import tags as t
from .azure import bind, submitted
from .azure.work import Search, Where, Work, command_job, sweep_job
from .context import CURRENT, RunRef
from .decisions import Question
from .errors import ConfigError
from .naming import qualified_name

_DATA = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model")


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


@dataclass(frozen=True)
class Given:
    """The arguments of a call, parted into what is written down and what Azure brings along."""

    arguments: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def known(self) -> dict[str, Any]:
        """The arguments as they are known here: data by their path."""
        paths = {name: _part(given, "path") for name, given in self.data.items()}
        return {**self.arguments, **paths}


def given(inputs: Mapping[str, Any]) -> Given:
    """The arguments of a call that is to be made elsewhere.

    Raises:
        ConfigError: one of them is neither JSON nor data of Azure ML.
    """
    data = {name: value for name, value in inputs.items() if _part(value, "type") in _DATA}
    arguments = {name: value for name, value in inputs.items() if name not in data}
    for name, value in arguments.items():
        if not _is_json(value):
            raise ConfigError(
                f"argument {name!r} goes to the job as JSON, which {type(value).__name__} is not: give numbers, texts, "
                'lists and mappings, or data as {"type": "uri_folder", "path": "azureml:..."}'
            )
    return Given(arguments, data)


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _is_json(value: Any) -> bool:
    """Whether it comes back as it was."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def place(compute: str, environment: Any, inputs: Given, job: Mapping[str, Any]) -> Where:
    """Where the call is to be made.

    Raises:
        ConfigError: no environment is named.
    """
    if environment is None:
        raise ConfigError('a job needs an environment, such as environment="azureml:NAME@latest"')
    extra = {key: value for key, value in job.items() if key not in ("outputs", "environment_variables")}
    outputs, variables = job.get("outputs") or {}, job.get("environment_variables") or {}
    return Where(compute, environment, inputs.data, outputs, variables, extra)


def shown(job: Mapping[str, Any]) -> str:
    """The job as the file that `az ml job create --file` takes."""
    return submitted.yaml_of(job)


def job_of(
    question: Question, inputs: Given, where: Where, code: str | Path | None, early: Any
) -> dict[str, Any]:
    """The YAML of the job that makes this call, as a mapping.

    Raises:
        ConfigError: the function cannot be imported there, or Azure ML cannot search so.
    """
    work = _work(question, inputs, code)
    options = question.options
    searched = getattr(options, "searched", None)
    if searched is None:
        return command_job(work, where)
    if searched.define is not None:
        raise ConfigError(
            "space: Azure ML needs it as a mapping; a function of the trial decides only where it runs"
        )
    return sweep_job(work, where, _search(options, searched.form, early))


def _search(options: Any, form: Mapping[str, Any], early: Any) -> Search:
    search = options.search
    if len(search.objectives) != 1:
        raise ConfigError(f"Azure ML optimises one metric, not {', '.join(search.objectives)}")
    return Search(
        form,
        search.objectives[0],
        search.directions[0],
        options.sampler,
        options.pruner,
        options.seed,
        options.n_trials or search.n_trials or 20,
        options.n_jobs,
        options.timeout,
        early,
    )


def _work(question: Question, inputs: Given, code: str | Path | None) -> Work:
    fn, plan = question.function, question.plan
    name, home = qualified_name(fn), _home(fn)
    outer = CURRENT.get()
    hashes = {**(outer.ref.hashes if outer else {}), **plan.hashes}
    keys = {key: plan.tags[key] for key in (t.FUNCTION, t.CALL_KEY) if key in plan.tags}
    is_sweep = getattr(question.options, "searched", None) is not None
    # A sweep job has no process of ours that could say what it is.
    tags = {t.STAGE: plan.stage, **keys} if is_sweep else {t.CALL_KEY: keys.get(t.CALL_KEY, "")}
    return Work(
        f"{name.removesuffix(f'.{fn.__qualname__}')}:{fn.__qualname__}",
        inputs.arguments,
        plan.name,
        plan.experiment or sessions.current().experiment,
        str(Path(code or home).absolute()),
        {key: value for key, value in {**hashes, **tags, **question.options.tags}.items() if value},
        {**hashes, **keys},
    )


def _home(fn: Any) -> Path:
    """The folder that the function's module is imported from.

    Raises:
        ConfigError: no other process could import it.
    """
    if not inspect.isfunction(fn) or "<" in fn.__qualname__:
        raise ConfigError(f"{qualified_name(fn)} cannot be imported elsewhere: submit a function of a module")
    path = Path(inspect.getfile(fn)).absolute()
    if not path.is_file():
        raise ConfigError(f"{qualified_name(fn)} is in no file, and a job needs one: put it into a module")
    module = qualified_name(fn).removesuffix(f".{fn.__qualname__}")
    depth = module.count(".") + (path.name == "__init__.py")
    return path.parents[depth]


def submit(ml_client: Any, job: Mapping[str, Any]) -> Job:
    """Have the workspace make this job.

    Raises:
        ConfigError, LoginRefused, BackendUnavailable: it does not; the message says why and what to do.
    """
    session = sessions.current()
    sent = submitted.send(ml_client, job)
    uri = session.uri if bind.is_azure(session.uri) else submitted.uri_of(ml_client)
    return Job(str(sent.name), submitted.url_of(sent), str(job["experiment_name"]), uri, ml_client)
