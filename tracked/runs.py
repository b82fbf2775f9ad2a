"""Runs as a block or as a value, under the names of the system that came before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import session as sessions
from . import tags as t
from . import track
from .context import named_run
from .errors import ConfigError, RunNotFound
from .finding import delivered
from .guard import guard
from .handles import RunHandle, existing_run
from .lifecycle import continued
from .plan import RunPlan
from .run import Run
from .scope import open_run

__all__ = [
    "RunHandle",
    "create_child_run",
    "create_child_run_core",
    "create_mlflow_run",
    "create_run_safe",
    "existing_run",
    "get_or_create_experiment",
    "resolve_experiment_id",
]

TRIAL, FOLD = "hpo_trial", "hpo_fold"


@contextmanager
def create_mlflow_run(
    run_name: str | None = None,
    tags: Mapping[str, str] | None = None,
    *,
    experiment_name: str | None = None,
    parent: Any = None,
    run_id: str | None = None,
    **params: Any,
) -> Iterator[Run]:
    """Open a run for a block; the same as ``track.run``, with the checks of a call that names its run.

    MLflow's own calls in the block (``mlflow.log_metric`` and the like) land in it too.

    Args:
        run_name: name of the run; must not be blank.
        tags: tags from the first moment on.
        experiment_name: experiment; by default that of the run around, else of the set-up.
        parent: the run above; by default the run around.
        run_id: go on with this run instead of making one: it is running again during the block, and keeps its name.
        params: params of the run.

    Yields:
        The run, with MLflow's ``info`` and ``data``, and ``id``, ``url``.

    Raises:
        ConfigError: the name is blank.
    """
    if run_id is not None:
        with continued(run_id) as going_on:
            going_on.params(params)
            going_on.tag(tags or {})
            yield going_on
        return
    name = _named(run_name)
    with track.run(name, tags=tags, experiment=experiment_name, parent=parent, **params) as opened:
        yield opened


@contextmanager
def create_child_run(
    parent_run_id: Any,
    trial_number: int,
    experiment_name: str | None = None,
    additional_tags: Mapping[str, str] | None = None,
) -> Iterator[Run]:
    """Open the run of a trial for a block; it ends as the block does.

    Args:
        parent_run_id: the sweep's run: its MLflow id, the run, or its handle.
        trial_number: number of the trial, from 0 on.
        experiment_name: experiment; by default the parent's, where that is a run of ours, else that of the set-up.
        additional_tags: further tags.

    Yields:
        The run.
    """
    tags = {**_child_tags(trial_number, None), **(additional_tags or {})}
    name = f"trial_{trial_number}"
    with track.run(name, kind=TRIAL, parent=parent_run_id, experiment=experiment_name, tags=tags) as opened:
        yield opened


def create_child_run_core(
    parent_run_id: Any,
    run_name: str,
    experiment_name: str | None = None,
    trial_number: int | None = None,
    fold_idx: int | None = None,
    additional_tags: Mapping[str, str] | None = None,
    tracking_uri: str | None = None,
) -> tuple[str, Run]:
    """Open the run of a trial, or of a fold of one, that stays open until ``terminate_run_safe`` ends it.

    One that is still open at the end of the process is KILLED.

    Args:
        parent_run_id: the run above: its MLflow id, the run, or its handle.
        run_name: name of the run.
        experiment_name: experiment; by default the parent's, where that is a run of ours, else that of the set-up.
        trial_number: number of the trial.
        fold_idx: number of the fold.
        additional_tags: further tags.
        tracking_uri: the store, where somebody wants to be sure; ``setup_mlflow`` is what decides.

    Returns:
        MLflow's id, which is waited for, and the run.

    Raises:
        ConfigError: the name is blank, or runs go to another store than ``tracking_uri``.
        BackendUnavailable: the store does not answer.
    """
    _check_store(tracking_uri)
    tags = {**_child_tags(trial_number, fold_idx), **(additional_tags or {})}
    stage = TRIAL if fold_idx is None else FOLD
    opened = open_run(
        RunPlan(
            _named(run_name), stage, experiment_name, parent_run_id, tags={k: str(v) for k, v in tags.items()}
        )
    )
    return opened.id, opened


def create_run_safe(
    experiment_id: str,
    run_name: str,
    tags: Mapping[str, str] | None = None,
    parent_run_id: Any = None,
) -> str | None:
    """Open a run that stays open until ``terminate_run_safe`` ends it.

    Returns:
        MLflow's id; None if there is no run, and why is said once.
    """
    with guard:
        plan = RunPlan(
            _named(run_name),
            str((tags or {}).get(t.STAGE, "")),
            _experiment_name(experiment_id),
            parent_run_id,
            tags={k: str(v) for k, v in (tags or {}).items()},
        )
        return open_run(plan).id
    return None


def get_or_create_experiment(name: str) -> str:
    """MLflow's id of the experiment of this name, made if it is missing; many processes may ask at once.

    Raises:
        ConfigError: the name is blank.
        Refused: the experiment is deleted.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.client import client_for, experiment_id  # noqa: PLC0415 - loads MLflow: only who asks pays
    from .mlflow.stores import artifact_root  # noqa: PLC0415

    session = sessions.current()
    client = client_for(session.uri, session.templates)
    return experiment_id(client, _named(name, "an experiment"), artifact_root(session.uri))


def resolve_experiment_id(
    experiment_name: str | None = None, parent_run_id: Any = None, active_run: Any = None
) -> str:
    """MLflow's id of the experiment that a run belongs in: the parent's, else by name, else the active run's.

    Raises:
        RunNotFound: the store has no such run or experiment, or nothing was given.
        BackendUnavailable: the store does not answer.
    """
    if parent_run_id is not None:
        return _experiment_of(parent_run_id)
    if experiment_name:
        return _experiment_by_name(experiment_name)
    if active_run is not None:
        return _experiment_of(active_run)
    raise RunNotFound("which experiment? Give experiment_name, parent_run_id or active_run")


def _child_tags(trial_number: int | None, fold_idx: int | None) -> dict[str, str]:
    numbers = {t.TRIAL_NUMBER: trial_number, t.FOLD: fold_idx}
    azure = {t.AZUREML_RUN_TYPE: "trial", t.AZUREML_TRIAL: "true"}
    return {**azure, **{key: str(number) for key, number in numbers.items() if number is not None}}


def _named(name: str | None, what: str = "a run") -> str:
    if not str(name or "").strip():
        raise ConfigError(f"{what} needs a name, not {name!r}")
    return str(name)


def _check_store(tracking_uri: str | None) -> None:
    from .mlflow.setup import resolve_uri  # noqa: PLC0415 - few ask for it
    from .session.sources import project_root, working_folder  # noqa: PLC0415

    if tracking_uri is None:
        return
    session = sessions.current()
    asked = resolve_uri(tracking_uri, root=project_root(working_folder())).uri
    if asked != session.uri:
        raise ConfigError(
            f"runs go to {session.shown_uri}; to switch, call setup_mlflow(tracking_uri=...) first"
        )


def _experiment_of(run: Any) -> str:
    from .mlflow.finder import get_run  # noqa: PLC0415 - loads MLflow: only who asks pays

    named = named_run(run)
    if named is None:
        raise ConfigError(f"a run, its handle or an MLflow run id is needed, not {run!r}")
    run_id = named if isinstance(named, str) else existing_run(named).id
    return str(get_run(delivered().uri, run_id).info.experiment_id)


def _experiment_by_name(name: str) -> str:
    from .mlflow.client import known_experiment  # noqa: PLC0415 - as above

    return str(known_experiment(sessions.current().uri, name=name).experiment_id)


def _experiment_name(experiment_id: str) -> str:
    from .mlflow.client import known_experiment  # noqa: PLC0415 - as above

    return str(known_experiment(sessions.current().uri, experiment_id=experiment_id).name)
