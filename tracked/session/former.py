"""The configuration files of the system that came before: ``mlflow.yaml``, ``tags.yaml``, ``naming.yaml``.

They are read from a folder that was named, and nowhere else.  What is set in them does what it says, or is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import tags as t
from ..errors import ConfigError
from ..nearest import did_you_mean
from ..settings import Layer, Wrong

Read = tuple[Layer, list[str]]
"""What a file sets, and what has to be said of it."""


def layers(folder: Path, wrong: Wrong) -> Iterator[Read]:
    """The files that are there; one that cannot be read is left out."""
    for name, translated in _FILES.items():
        path = folder / name
        if path.is_file():
            try:
                values, remarks = translated(_read(path))
            except ConfigError as error:
                wrong(ConfigError(f"{path} {error}"))
                continue
            yield Layer(str(path), values), [f"{path}: {remark}" for remark in remarks]


def _read(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - MLflow brings it; only who has such a file pays for it

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict | None):
        raise ConfigError(f"holds no mapping, but {type(content).__name__}")
    return content or {}


_SETTINGS = {
    "naming.project_name": "project",
    "naming.tags.max_length": "tag_max_length",
    "naming.run_name.max_length": "name_max_length",
}
_FIXED = {
    "naming.tags.sanitize": (True, "tags are always made to fit the store"),
    "naming.run_name.shorten_fingerprints": (True, "names show the first 8 digits of a hash"),
    "naming.run_name.auto_increment.enabled": (
        False,
        "names have no counter: runs of one name differ by key and time",
    ),
    "index.enabled": (False, "there is no index beside the store: runs are found by their tags"),
    "run_finder.strict_mode_default": (
        True,
        "a run is found by what was asked for, never by being the newest",
    ),
}
"""Keys whose value cannot be chosen: what it always is here, and why."""
_PARTS_OF_FIXED = ("local.", "index.", "naming.run_name.auto_increment.")
_TRACKING = re.compile(r"tracking\.(\w+)\.(\w+)")


def _mlflow(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What ``mlflow.yaml`` sets."""
    values: dict[str, Any] = {"switches": {}}
    remarks: list[str] = []
    leaves = dict(_leaves(content))
    workspace = leaves.pop("azure_ml.workspace_name", "")
    if leaves.pop("azure_ml.enabled", False) is True:
        values["azure_workspace"] = workspace
    for key, value in leaves.items():
        if found := _TRACKING.fullmatch(key):
            values["switches"][f"{found[1]}.{found[2]}"] = value
        elif key in _SETTINGS:
            values[_SETTINGS[key]] = value
        else:
            remarks += _remark(key, value)
    return values, remarks


def _remark(key: str, value: Any) -> list[str]:
    if key in _FIXED:
        always, why = _FIXED[key]
        return [] if value is always else [f"{key} = {value} has no effect: {why}"]
    if key.startswith(_PARTS_OF_FIXED):
        return []
    known = [*_SETTINGS, *_FIXED, "azure_ml.enabled", "azure_ml.workspace_name", "tracking.<kind>.<switch>"]
    return [f"there is no setting {key!r}{did_you_mean(key, known)}"]


_TAGS = {
    "stage": t.STAGE,
    "project": t.PROJECT,
    "backbone": t.BACKBONE,
    "model": t.BACKBONE,
    "study_key_hash": t.STUDY_KEY_HASH,
    "study_family_hash": t.STUDY_FAMILY_HASH,
    "trial_key_hash": t.TRIAL_KEY_HASH,
    "run_key_hash": t.RUN_KEY_HASH,
    "group_id": t.GROUP,
    "output_dir": t.OUTPUT_DIR,
    "key_schema_version": t.KEY_SCHEMA,
    "data": t.DATA_FINGERPRINT,
    "eval": t.EVAL_FINGERPRINT,
    "direction": t.DIRECTION,
    "trial_number": t.TRIAL_NUMBER,
    "refit_planned": t.REFIT_PLANNED,
    "refit_completed": t.REFIT_COMPLETED,
    "available": t.ARTIFACT_AVAILABLE,
}
"""Our keys by the last part of theirs in ``tags.yaml``."""


def _tags(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What ``tags.yaml`` sets: a name for each tag of its sections that has one of ours."""
    names: dict[str, Any] = {}
    others: list[str] = []
    for key, value in _leaves(content):
        ours = _TAGS.get(key.rpartition(".")[2])
        if ours is not None:
            names[ours] = value
        elif key != "schema_version":
            others.append(key)
    remark = f"{', '.join(others)} have no effect: their tags have no further names"
    return {"tags": names}, [remark] if others else []


_STAGES = {"hpo_sweep": "hpo", "benchmarking": "benchmark", "final_training": "training"}
_COMPONENTS = {
    "study_hash": "study8",
    "trial_hash": "trial8",
    "spec_hash": "spec8",
    "exec_hash": "exec8",
    "conv_hash": "conv8",
    "bench_hash": "bench8",
    "trial_number": "number",
    "fold_idx": "fold",
    "semantic_suffix": "",
    "version": "",
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_AS_HERE = ("schema_version", "separators", "version", "normalize", "validate", "run_names")


def _naming(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What ``naming.yaml`` sets: a template for each pattern."""
    kinds = content.get("run_names") or {}
    if not isinstance(kinds, Mapping) or not all(isinstance(kind, Mapping) for kind in kinds.values()):
        raise ConfigError("run_names is no mapping of kinds to patterns")
    templates = {_STAGES.get(str(kind), str(kind)): _template(given) for kind, given in kinds.items()}
    longest = dict(_leaves(content)).get("validate.max_length")
    values = {"name_template": templates, **({"name_max_length": longest} if _is_short(longest) else {})}
    strange = [
        f"there is no section {key!r}{did_you_mean(key, _AS_HERE)}" for key in content if key not in _AS_HERE
    ]
    return values, [*_left_out(kinds), *strange]


def _is_short(longest: Any) -> bool:
    from ..naming import MAX_RUN_NAME  # noqa: PLC0415

    return isinstance(longest, int) and longest < MAX_RUN_NAME


def _template(kind: Mapping[str, Any]) -> Any:
    padded = kind.get("components") or {}

    def ours(found: re.Match[str]) -> str:
        name = _COMPONENTS.get(found[1], found[1])
        width = (
            padded.get(found[1], {}).get("zero_pad") if isinstance(padded.get(found[1]), Mapping) else None
        )
        return f"{{{name}:0{width}d}}" if name and width else f"{{{name}}}" if name else ""

    pattern = kind.get("pattern")
    return _PLACEHOLDER.sub(ours, pattern) if isinstance(pattern, str) else pattern


def _left_out(kinds: Mapping[str, Any]) -> list[str]:
    patterns = " ".join(str(kind.get("pattern")) for kind in kinds.values())
    told = {
        "{version}": "names have no counter: runs of one name differ by key and time",
        "{semantic_suffix}": "the study's name is the placeholder {study_name} of a name_template",
    }
    return [f"{part} is left out of names: {why}" for part, why in told.items() if part in patterns]


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and their values; what is empty says nothing."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _leaves(inner, f"{above}{key}.")
        elif inner is not None:
            yield f"{above}{key}", inner


_FILES: dict[str, Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[str]]]] = {
    "mlflow.yaml": _mlflow,
    "tags.yaml": _tags,
    "naming.yaml": _naming,
}
