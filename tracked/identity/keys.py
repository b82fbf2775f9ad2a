"""Keys: the same work has the same one.

A key is the SHA-256 of a payload, and a payload says which schema it follows.  A change of what a schema counts is a
new schema, so that an old key never means something new.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..call import Call
from ..errors import IdentityError
from ..markers import NO_MARKERS, Markers
from ..shapes import field_markers, fields_of
from .key import Key, checked, sealed
from .plumbing import OF_A_TRIAL, treatment_of_hyperparameter
from .tree import without
from .walk import Walk

CALL = "tracked.call/1"
STUDY = "tracked.study/1"
STUDY_FAMILY = "tracked.study-family/1"
TRIAL = "tracked.trial/1"

KeyOption = Collection[str] | Callable[[Mapping[str, Any]], Any] | None
"""Names of the arguments that alone count, or a function of the arguments that returns what counts."""


def study_key(
    data_config: Any = None,
    hpo_config: Any = None,
    train_config: Any = None,
    model: Any = None,
    secrets: Collection[str] = (),
) -> Key:
    """The key of a hyperparameter study: everything in the configs but plumbing and secrets, and the model.

    A part that is None is no part of the study.

    Raises:
        IdentityError: there is no config at all.
    """
    walk = Walk(secrets)
    configs = _configs(walk, data_config, hpo_config, train_config)
    return sealed(STUDY, walk, **configs, **({} if model is None else {"model": walk(model)}))


def study_family_key(
    data_config: Any = None, hpo_config: Any = None, train_config: Any = None, secrets: Collection[str] = ()
) -> Key:
    """The key of all studies that differ in the model only.

    Raises:
        IdentityError: there is no config at all.
    """
    walk = Walk(secrets)
    return sealed(STUDY_FAMILY, walk, **_configs(walk, data_config, hpo_config, train_config))


def trial_key(study_key_hash: str, hyperparameters: Mapping[str, Any], secrets: Collection[str] = ()) -> Key:
    """The key of one trial: its study and its hyperparameters, whatever their names but those of runs.

    Raises:
        IdentityError: the study's key is not 64 hexadecimal digits, or the hyperparameters are no mapping.
    """
    fields = fields_of(hyperparameters)
    if fields is None:
        raise IdentityError(f"hyperparameters are a mapping, not {type(hyperparameters).__name__}")
    counted = {name: value for name, value in fields.items() if name not in OF_A_TRIAL}
    walk = Walk(secrets)
    return sealed(TRIAL, walk, study=checked(study_key_hash), hyperparameters=walk.whole(counted))


def call_key(
    call: Call,
    study_key_hash: str | None = None,
    markers: Markers = NO_MARKERS,
    ignore: Collection[str] = (),
    key: KeyOption = None,
    secrets: Collection[str] = (),
    code: Mapping[str, str] | None = None,
) -> Key:
    """The key of a call: the function, the arguments that count, and the study it belongs to.

    Args:
        call: the call.
        study_key_hash: key of the study around it.
        markers: markers by argument, ``call.markers(fn)``; they overrule the table of plumbing.
        ignore: names of arguments that do not count; ``config.epochs`` is a part of one, ``self`` the owner.
        key: names of the arguments that alone count, or a function of the arguments that returns what counts; then
            neither the owner counts nor what the function holds.
        secrets: texts that must not enter, such as ``secret_values(os.environ)``.
        code: what the function does, a digest by name: ``code_used_by(fn)``.

    Defaults count like any argument: a new parameter with a default makes new keys.  A method counts the object it
    belongs to by its own rule; an object without one is weak, and two of its class look the same.  A function made
    inside another one counts the variables that it holds of it, by the rules for arguments; a lambda is weak.

    Raises:
        IdentityError: ``key`` names an argument that is not there.
    """
    walk = Walk(secrets)
    payload: dict[str, Any] = {
        "function": call.function,
        "arguments": _arguments(walk, call, markers, ignore, key),
    }
    if code is not None:
        payload["code"] = dict(code)
    if call.owner is not None and key is None and "self" not in ignore:
        payload["self"] = walk(call.owner)
    if call.captured and key is None:
        payload["captured"] = walk.mapping(call.captured)
    if study_key_hash is not None:
        payload["study"] = checked(study_key_hash)
    return sealed(CALL, walk, **payload)


def _arguments(walk: Walk, call: Call, markers: Markers, ignore: Collection[str], key: KeyOption) -> Any:
    if callable(key):
        return walk(key(call.arguments))
    if key is None:
        counted = walk.mapping({n: v for n, v in call.arguments.items() if n not in ignore}, markers)
        for path in ignore:
            without(counted, path)
        return counted
    missing = [name for name in key if name not in call.arguments]
    if missing:
        raise IdentityError(f"{call.function} has no argument {missing[0]!r} to make a key of")
    # Whoever names an argument means it, also where the table of plumbing has it.
    return walk.mapping(
        {name: call.arguments[name] for name in key}, markers, treat=treatment_of_hyperparameter
    )


def _configs(walk: Walk, data: Any, hpo: Any, train: Any) -> dict[str, Any]:
    parts = {"data": data, "hpo": hpo, "train": train}
    given = {name: _config(walk, config) for name, config in parts.items() if config is not None}
    if not given:
        raise IdentityError("a study key needs at least one of data_config, hpo_config and train_config")
    return given


def _config(walk: Walk, config: Any) -> Any:
    """A config counts by what it holds: a dataclass is the dict that ``asdict`` makes of its first level."""
    fields = fields_of(config)
    return walk(config) if fields is None else walk.mapping(fields, field_markers(type(config)))
