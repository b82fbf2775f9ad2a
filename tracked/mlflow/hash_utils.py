"""Hashes of studies and trials: given, else the tag of the run that is named, else computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .. import tags as t
from ..errors import BackendUnavailable, RunNotFound
from ..identity.keys import study_key, trial_key
from .fingerprints import data_fingerprint, eval_fingerprint

__all__ = [
    "data_fingerprint",
    "eval_fingerprint",
    "get_or_compute_study_key_hash",
    "get_or_compute_trial_key_hash",
]

ReadTags = Callable[[str], Mapping[str, str]]
"""Gives the tags of a run by its MLflow id; raises RunNotFound or BackendUnavailable."""


def get_or_compute_study_key_hash(
    study_key_hash: str | None = None,
    hpo_parent_run_id: str | None = None,
    data_config: Any = None,
    hpo_config: Any = None,
    train_config: Any = None,
    backbone: Any = None,
    config_dir: str | Path | None = None,  # noqa: ARG001 - see the docstring
    *,
    read_tags: ReadTags | None = None,
) -> str | None:
    """The hash that makes two sweeps the same study.

    The first that is there wins: ``study_key_hash``; the tag of the run ``hpo_parent_run_id``; the hash computed
    from all three configurations and ``backbone``, where an empty configuration is one.  ``config_dir`` is taken
    for callers of the former system and not read: the configurations are given as they are.

    Returns:
        None where nothing was given that the hash could come from.

    Raises:
        IdentityError: a configuration has no canonical form.
    """
    found = study_key_hash or _tag(hpo_parent_run_id, t.STUDY_KEY_HASH, read_tags)
    if found:
        return found
    if any(part is None for part in (data_config, hpo_config, train_config, backbone)):
        return None
    return study_key(data_config, hpo_config, train_config, backbone).hash


def get_or_compute_trial_key_hash(
    trial_key_hash: str | None = None,
    trial_run_id: str | None = None,
    study_key_hash: str | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    config_dir: str | Path | None = None,  # noqa: ARG001 - as above
    *,
    read_tags: ReadTags | None = None,
) -> str | None:
    """The hash that makes two trials of a study the same.

    The first that is there wins: ``trial_key_hash``; the tag of the run ``trial_run_id``; the hash computed from
    ``study_key_hash`` and ``hyperparameters``.

    Returns:
        None where nothing was given that the hash could come from.

    Raises:
        IdentityError: the hyperparameters have no canonical form.
    """
    found = trial_key_hash or _tag(trial_run_id, t.TRIAL_KEY_HASH, read_tags)
    if found:
        return found
    if not study_key_hash or hyperparameters is None:
        return None
    return trial_key(study_key_hash, hyperparameters).hash


def _tag(run_id: str | None, key: str, read_tags: ReadTags | None) -> str | None:
    """The fact in the run's tags; a run that cannot be read leaves it to be computed."""
    if not run_id or read_tags is None:
        return None
    try:
        tags = read_tags(run_id)
    except (RunNotFound, BackendUnavailable):
        return None
    return t.read(tags, key)
