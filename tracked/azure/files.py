"""The files that name a workspace: ours, those of the former system, and Azure's own ``config.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import speech
from ..errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Layer(NamedTuple):
    """Values from one place."""

    origin: str
    values: Mapping[str, Any]


_NAMES = {
    "subscription_id": ("subscription_id", "subscription", "subscriptionId"),
    "resource_group": ("resource_group", "resource_group_name", "resourceGroup"),
    "workspace_name": ("workspace_name", "workspace", "workspaceName"),
    "tenant_id": ("tenant_id", "tenant", "tenantId"),
    "enabled": ("enabled",),
}
_TABLES = ("azure", "azure_ml", "azureml", "infrastructure")
"""Tables of a larger configuration that the values may stand in."""
_SECRETS = ("client_secret", "password", "token", "client_certificate")
_OF_AZURE = (".azureml/config.json", "aml_config/config.json", "config.json", "aml_config/project.json")


def of_mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that name a workspace, from a mapping or the tables in it; placeholders such as ``${X}`` are none."""
    if told := [name for name in _SECRETS if values.get(name)]:
        speech.warn_once(
            f"{', '.join(told)} is not read from a configuration: set AZURE_CLIENT_SECRET instead"
        )
    found = {
        ours: values[name]
        for ours, names in _NAMES.items()
        for name in reversed(names)
        if values.get(name) not in (None, "") and not isinstance(values[name], Mapping)
    }
    for table in _TABLES:
        if isinstance(values.get(table), Mapping):
            found = {**of_mapping(values[table]), **found}
    return {name: value for name, value in found.items() if not str(value).startswith("${")}


def layers(place: Path) -> Iterator[Layer]:
    """What a file says, or the files of a folder, the strongest first.

    Raises:
        ConfigError: there is no such place, nothing in it, or a file cannot be read.
    """
    if place.is_file():
        yield _of_file(place)
    elif place.is_dir():
        found = [place / name for name in ("tracked.toml", "mlflow.yaml", "infrastructure.yaml", *_OF_AZURE)]
        yield Layer(f"the files in {place}", {})
        yield from (_of_file(path) for path in found if path.is_file())
    else:
        raise ConfigError(f"there is no configuration file or folder {str(place)!r}")


def found_upwards(start: Path) -> Iterator[Layer]:
    """The nearest file that names a workspace, from here to the top of the disk."""
    for folder in (start, *start.parents):
        for name in ("tracked.toml", *_OF_AZURE):
            if (folder / name).is_file() and (layer := _of_file(folder / name)).values:
                yield layer
                return
    yield Layer(f"tracked.toml and config.json in {start} and above", {})


def _of_file(path: Path) -> Layer:
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise ConfigError(f"{path}: a configuration is a .toml, .yaml or .json file")
    try:
        content = read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # what is no TOML, JSON or UTF-8 is a ValueError each
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} holds no mapping")
    if path.suffix == ".json" and "Scope" in content:
        content = _of_scope(str(content["Scope"]))
    return Layer(str(path), of_mapping(content))


def _of_scope(scope: str) -> dict[str, str]:
    """What the oldest form of ``config.json`` says: one path of Azure's."""
    parts = scope.strip("/").split("/")
    named = {name.lower(): value for name, value in zip(parts[::2], parts[1::2], strict=False)}
    return {
        "subscription_id": named.get("subscriptions", ""),
        "resource_group": named.get("resourcegroups", ""),
        "workspace_name": named.get("workspaces", ""),
    }


def _yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415 - MLflow brings it; only who has such a file pays for it

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(error) from error


_READERS: dict[str, Callable[[str], Any]] = {
    ".toml": tomllib.loads,
    ".json": json.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
}


def variables(path: Path) -> dict[str, str]:
    """The ``NAME=value`` lines of a file; quotes around a value are left out.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    pairs = [line.strip().removeprefix("export ").partition("=") for line in lines]
    return {
        name.strip(): value.strip().strip("\"'")
        for name, mark, value in pairs
        if mark and not name.lstrip().startswith("#")
    }
