"""Which study and trial a call belongs to, from its arguments and from the run around it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .. import tags
from ..shapes import fields_of
from .key import checked
from .keys import study_family_key, study_key, trial_key

_CONFIG_NAMES = ("data_config", "hpo_config", "train_config")
_HASHES = ("study_key_hash", "study_family_hash", "trial_key_hash")
_COUNTED = frozenset({*_HASHES, *_CONFIG_NAMES, "hyperparameters"})
"""Arguments without which there is nothing to find out: the model alone makes no study."""
_TAGS = (tags.STUDY_KEY_HASH, tags.STUDY_FAMILY_HASH, tags.TRIAL_KEY_HASH)


def resolve(
    arguments: Mapping[str, Any], inherited: Mapping[str, str] | None = None, secrets: Collection[str] = ()
) -> dict[str, str]:
    """Hashes by tag, as far as they are known: given, else computed, else inherited.

    Args:
        arguments: bound arguments, of which these count by name: ``study_key_hash``, ``study_family_hash``,
            ``trial_key_hash``; ``data_config, hpo_config, train_config`` and ``backbone`` or ``model`` (a text),
            from which a study is computed; ``hyperparameters``, from which a trial is.
        inherited: hashes by tag of the run around the call.
        secrets: texts that must not enter.

    A trial belongs to its study: inherited hashes other than the study's count only for the inherited study.

    Raises:
        IdentityError: a given hash is not 64 hexadecimal digits.
    """
    outer = dict(inherited or {})
    if _COUNTED.isdisjoint(arguments):
        return {tag: outer[tag] for tag in _TAGS if outer.get(tag)}
    configs = _three_configs(arguments)
    study = (
        _given(arguments, "study_key_hash")
        or _study(arguments, configs, secrets)
        or outer.get(tags.STUDY_KEY_HASH)
    )
    if study != outer.get(tags.STUDY_KEY_HASH, study):
        outer = {}
    family = _given(arguments, "study_family_hash") or (
        configs and study_family_key(*configs, secrets=secrets).hash
    )
    trial = _given(arguments, "trial_key_hash") or _trial(arguments, study, secrets)
    found = (
        study,
        family or outer.get(tags.STUDY_FAMILY_HASH),
        trial or outer.get(tags.TRIAL_KEY_HASH),
    )
    return {tag: value for tag, value in zip(_TAGS, found, strict=True) if value}


def backbone_of(arguments: Mapping[str, Any]) -> str | None:
    """The name of the model, where ``backbone`` or ``model`` is a text."""
    names = (arguments.get(name) for name in ("backbone", "model"))
    return next((name for name in names if isinstance(name, str) and name), None)


def _given(arguments: Mapping[str, Any], name: str) -> str | None:
    value = arguments.get(name)
    return None if value is None or value == "" else checked(value)


def _three_configs(arguments: Mapping[str, Any]) -> tuple[Any, Any, Any] | None:
    """All three configs, or None."""
    data, hpo, train = (arguments.get(name) for name in _CONFIG_NAMES)
    return None if data is None or hpo is None or train is None else (data, hpo, train)


def _study(
    arguments: Mapping[str, Any], configs: tuple[Any, Any, Any] | None, secrets: Collection[str]
) -> str | None:
    model = backbone_of(arguments)
    return study_key(*configs, model, secrets=secrets).hash if configs and model else None


def _trial(arguments: Mapping[str, Any], study: str | None, secrets: Collection[str]) -> str | None:
    hyperparameters = fields_of(arguments.get("hyperparameters"))
    return trial_key(study, hyperparameters, secrets).hash if study and hyperparameters else None
