"""A call as a job of Azure ML: its YAML, in Azure's public form, as a mapping.  Pure: nothing is sent or loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError
from .spaces import search_space

SUBMITTED = "TRACKED_SUBMITTED"
"""Tells the process of a job by which keys its call is known, as JSON."""
TRIAL_OPTION, INPUT_OPTION, ARGUMENTS_OPTION = "--trial", "--input", "--args-json"
_SAMPLERS = {None: "random", "random": "random", "grid": "grid", "tpe": "bayesian"}
_BAYESIAN = ("choice", "uniform", "quniform")
_STOPPERS: dict[Any, dict[str, Any] | None] = {
    None: None,
    "none": None,
    "median": {"type": "median_stopping", "evaluation_interval": 1, "delay_evaluation": 5},
}


@dataclass(frozen=True)
class Work:
    """One call that is to be made elsewhere.

    Attributes:
        target: the function, ``module:function``.
        arguments: what it is called with; JSON.
        name: what people see.
        experiment: name of the experiment of its run.
        code: folder that is sent along, and that the module is imported from.
        tags: of the job, and so of its run.
        keys: by which the call is known here.
    """

    target: str
    arguments: Mapping[str, Any]
    name: str
    experiment: str
    code: str
    tags: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Where:
    """Where and in what a job runs.

    Attributes:
        compute: name of a compute target; empty means serverless.
        environment: ``azureml:NAME:VERSION``, ``NAME@latest``, or a mapping such as ``{"image": ...}``.
        inputs: data by argument: a mapping as in the YAML, or an ``azure.ai.ml.Input``.
        outputs: likewise.
        variables: further variables of the environment.
        extra: any other field of the job's YAML, such as ``resources`` or ``queue_settings``.
    """

    compute: str
    environment: Any
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """What a sweep job searches.

    Attributes:
        space: canonical forms by hyperparameter.
        metric: name of the one metric that is optimised; its trials log it under this name.
        goal: ``maximize`` or ``minimize``.
        sampler: as a sweep was given it.
        pruner: likewise.
        seed: likewise; only a random search has one in Azure ML.
        trials: how many, at most.
        at_once: how many at once.
        timeout: seconds for the whole.
        early_termination: a policy as in the YAML, in place of what ``pruner`` means.
    """

    space: Mapping[str, Any]
    metric: str
    goal: str
    sampler: Any = None
    pruner: Any = None
    seed: int | None = None
    trials: int = 20
    at_once: int = 1
    timeout: float | None = None
    early_termination: Mapping[str, Any] | None = None


def command_job(work: Work, where: Where) -> dict[str, Any]:
    """The YAML of a command job, as a mapping.

    Raises:
        ConfigError: an input or the environment cannot be written down.
    """
    return {"type": "command", **_run_by(work, where), **_about(work, where)}


def sweep_job(work: Work, where: Where, search: Search) -> dict[str, Any]:
    """The YAML of a sweep job, as a mapping.

    Raises:
        ConfigError: Azure ML cannot search so.
    """
    space = search_space(search.space)
    limits: dict[str, Any] = {"max_total_trials": search.trials, "max_concurrent_trials": search.at_once}
    if search.timeout is not None:
        limits["timeout"] = int(search.timeout)
    stops = _stopper(search)
    return {
        "type": "sweep",
        "trial": _run_by(work, where, tuple(space)),
        "search_space": space,
        "sampling_algorithm": _sampler(search, space),
        "objective": {"goal": search.goal, "primary_metric": search.metric},
        "limits": limits,
        **({"early_termination": stops} if stops else {}),
        **_about(work, where),
    }


def _run_by(work: Work, where: Where, searched: tuple[str, ...] = ()) -> dict[str, Any]:
    """What runs: the command, its code, and the environment around it."""
    return {
        "code": work.code,
        "command": command_line(work, tuple(where.inputs), searched),
        "environment": _plain(where.environment, "environment"),
        "environment_variables": {**where.variables, SUBMITTED: _json(dict(work.keys))},
    }


def command_line(work: Work, inputs: tuple[str, ...] = (), searched: tuple[str, ...] = ()) -> str:
    """What the job's shell is given: nothing in it is taken for a variable, a quote or a placeholder of the shell's."""
    words = ["python -m tracked.azure.entry", work.target, ARGUMENTS_OPTION, f"'{_json(work.arguments)}'"]
    words += [f'{INPUT_OPTION} "{name}=${{{{inputs.{name}}}}}"' for name in inputs]
    words += [f'{TRIAL_OPTION} "{name}=${{{{search_space.{name}}}}}"' for name in searched]
    return " ".join(words)


def _json(value: Any) -> str:
    """JSON without what a shell, or Azure's placeholders, could take for theirs."""
    text = json.dumps(value)
    return text.replace("'", "\\u0027").replace("$", "\\u0024")


def _about(work: Work, where: Where) -> dict[str, Any]:
    found = {
        "display_name": work.name,
        "experiment_name": work.experiment,
        "tags": dict(work.tags),
        "compute": f"azureml:{where.compute.removeprefix('azureml:')}" if where.compute else "",
        "inputs": {name: _plain(given, name) for name, given in where.inputs.items()},
        "outputs": {name: _plain(given, name) for name, given in where.outputs.items()},
    }
    tags = {**work.tags, **where.extra.get("tags", {})}
    return {**{name: value for name, value in found.items() if value}, **where.extra, "tags": tags}


def _plain(given: Any, name: str) -> Any:
    """A text or a mapping as it is, and of an object of Azure's what its YAML would say."""
    if isinstance(given, str | int | float | bool):
        return given
    if isinstance(given, Mapping):
        return dict(given)
    known = {key: getattr(given, key, None) for key in ("type", "path", "mode", "name", "version", "image")}
    told = {key: str(value) for key, value in known.items() if value}
    if "path" in told:
        return {key: told[key] for key in ("type", "path", "mode") if key in told}
    if "name" in told and "version" in told:
        return f"azureml:{told['name']}:{told['version']}"
    raise ConfigError(
        f"{name} is a text, a mapping as in the job's YAML, or a registered asset, not {given!r}"
    )


def _sampler(search: Search, space: Mapping[str, Mapping[str, Any]]) -> Any:
    if not isinstance(search.sampler, str | None) or search.sampler not in _SAMPLERS:
        raise ConfigError(
            f"sampler: Azure ML searches by 'random', 'grid' or 'tpe' (bayesian), not {search.sampler!r}"
        )
    found = _SAMPLERS[search.sampler]
    kinds = {name: each["type"] for name, each in space.items()}
    unfit = [name for name, kind in kinds.items() if found == "bayesian" and kind not in _BAYESIAN]
    unfit += [name for name, kind in kinds.items() if found == "grid" and kind != "choice"]
    if unfit:
        raise ConfigError(
            f"sampler: Azure ML's {found} search cannot choose {', '.join(unfit)}: use 'random'"
        )
    return {"type": "random", "seed": search.seed} if found == "random" and search.seed is not None else found


def _stopper(search: Search) -> Mapping[str, Any] | None:
    if search.early_termination is not None:
        return search.early_termination
    if not isinstance(search.pruner, str | None) or search.pruner not in _STOPPERS:
        raise ConfigError(
            f"pruner: Azure ML stops by 'median', not {search.pruner!r}; early_termination= takes any policy of its own"
        )
    return _STOPPERS[search.pruner]
