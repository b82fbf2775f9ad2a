"""Making a call of a decorated function elsewhere: as a job of Azure ML."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import session as sessions
from . import tags as t
from .azure import bind, submitted
from .azure.work import Search, Where, Work, command_job, sweep_job
from .context import CURRENT
from .decisions import Question
from .elsewhere import Job
from .errors import ConfigError
from .naming import qualified_name

_DATA = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model")


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
        space=form,
        metric=search.objectives[0],
        goal=search.directions[0],
        sampler=options.sampler,
        pruner=options.pruner,
        seed=options.seed,
        trials=options.n_trials or search.n_trials or Search.trials,
        at_once=options.n_jobs,
        timeout=options.timeout,
        early_termination=early,
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
        target=f"{name.removesuffix(f'.{fn.__qualname__}')}:{fn.__qualname__}",
        arguments=inputs.arguments,
        name=plan.name,
        experiment=plan.experiment or sessions.current().experiment,
        code=str(Path(code or home).absolute()),
        tags={key: value for key, value in {**hashes, **tags, **question.options.tags}.items() if value},
        keys={**hashes, **keys},
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
    if ml_client is None:
        raise ConfigError(
            "a job needs the workspace: give ml_client, of tracked.create_ml_client_from_config"
        )
    sent = submitted.send(ml_client, job)
    uri = sessions.current().uri
    if not bind.is_of(uri, ml_client):
        uri = submitted.uri_of(ml_client)
    return Job(str(sent.name), submitted.url_of(sent), str(job["experiment_name"]), uri, ml_client)
