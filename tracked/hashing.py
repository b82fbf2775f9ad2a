"""Keys of studies and trials, for code that handles them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .finding import tags_of


def get_or_compute_study_key_hash(
    study_key_hash: str | None = None,
    hpo_parent_run_id: str | None = None,
    data_config: Mapping[str, Any] | None = None,
    hpo_config: Mapping[str, Any] | None = None,
    train_config: Mapping[str, Any] | None = None,
    backbone: str | None = None,
    config_dir: str | Path | None = None,
) -> str | None:
    """The key of a study: given, else the tag of the named run, else computed from the configs.

    Returns:
        64 hex digits; None if nothing of this is there.

    Raises:
        IdentityError: a given key is none, or a config has no canonical form.
    """
    from .mlflow import hash_utils  # noqa: PLC0415 - only who asks pays

    return hash_utils.get_or_compute_study_key_hash(
        study_key_hash,
        hpo_parent_run_id,
        data_config,
        hpo_config,
        train_config,
        backbone,
        config_dir,
        read_tags=tags_of,
    )


def get_or_compute_trial_key_hash(
    trial_key_hash: str | None = None,
    trial_run_id: str | None = None,
    study_key_hash: str | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    config_dir: str | Path | None = None,
) -> str | None:
    """The key of a trial: given, else the tag of the named run, else computed from study and hyperparameters.

    Returns:
        64 hex digits; None if nothing of this is there.

    Raises:
        IdentityError: a given key is none, or a hyperparameter has no canonical form.
    """
    from .mlflow import hash_utils  # noqa: PLC0415

    return hash_utils.get_or_compute_trial_key_hash(
        trial_key_hash, trial_run_id, study_key_hash, hyperparameters, config_dir, read_tags=tags_of
    )
