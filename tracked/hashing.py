"""Keys of studies and trials, for code that handles them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import session as sessions
from . import tags as t
from .errors import ConfigError
from .finding import tags_of

if TYPE_CHECKING:
    from .identity import Explanation


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
        read_tags=_tags_of,
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
        trial_key_hash, trial_run_id, study_key_hash, hyperparameters, config_dir, read_tags=_tags_of
    )


def get_study_key_hash_from_run(run_id: str) -> str | None:
    """The key of the study that a run belongs to; None if its tags do not say.

    Raises:
        RunNotFound: the store has no such run.
        BackendUnavailable: it does not answer.
    """
    return _told_by(run_id, t.STUDY_KEY_HASH)


def get_trial_key_hash_from_run(run_id: str) -> str | None:
    """The key of the trial that a run belongs to; None if its tags do not say.

    Raises:
        RunNotFound: the store has no such run.
        BackendUnavailable: it does not answer.
    """
    return _told_by(run_id, t.TRIAL_KEY_HASH)


def get_study_family_hash_from_run(run_id: str) -> str | None:
    """The key of all studies that differ from the run's in the model only; None if its tags do not say.

    Raises:
        RunNotFound: the store has no such run.
        BackendUnavailable: it does not answer.
    """
    return _told_by(run_id, t.STUDY_FAMILY_HASH)


def compute_data_fingerprint(data_config: Any) -> str:
    """The key of the data: by ``content_hash`` or ``manifest_hash`` if the config has one, else by all it says.

    Raises:
        IdentityError: a part of it has no canonical form.
    """
    from .mlflow.fingerprints import data_fingerprint  # noqa: PLC0415 - only who asks pays

    return data_fingerprint(data_config).hash


def compute_eval_fingerprint(train_config: Any = None, hpo_config: Any = None) -> str:
    """The key of how results are judged: ``train_config.eval``, else ``hpo_config.evaluation``, else the objective.

    Raises:
        IdentityError: a part of it has no canonical form.
    """
    from .mlflow.fingerprints import eval_fingerprint  # noqa: PLC0415

    return eval_fingerprint(train_config, hpo_config).hash


def explain(a: Any, b: Any) -> Explanation:
    """Why two keys differ: each leaf that does, and nothing, which is false, if they are the same.

    Args:
        a: a key with what it was made of, as ``tracked.identity`` gives it, its payload, or a config.
        b: the other one.

    Raises:
        ConfigError: a hash alone, which does not tell what it was made of.
        IdentityError: a config has no canonical form.
    """
    from .identity import explain as explain_payloads  # noqa: PLC0415

    return explain_payloads(_payload(a), _payload(b))


def _payload(thing: Any) -> Mapping[str, Any]:
    from .identity import Key, canonical  # noqa: PLC0415

    if isinstance(thing, str):
        raise ConfigError(
            f"{thing[:80]!r} does not tell what it was made of: give the keys themselves, such as those of "
            "tracked.identity.study_key(...), or the two configs"
        )
    return thing.payload if isinstance(thing, Key) else {"": canonical(thing).tree}


def _told_by(run_id: str, key: str) -> str | None:
    return _tags_of(run_id).get(key)


def _tags_of(run_id: str) -> Mapping[str, str]:
    """The tags of a run, with each hash under our key, whichever key the store has it under."""
    tags, names = tags_of(run_id), sessions.current().settings.tags
    hashes = {key: t.read(tags, key, names) for key in t.HASHES}
    return {**tags, **{key: value for key, value in hashes.items() if value}}
