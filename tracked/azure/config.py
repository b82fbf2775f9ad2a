"""Which workspace: resolved from many places, each of them named.  Nothing here loads Azure's packages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .. import speech
from ..errors import ConfigError
from . import files
from .files import Layer

NEEDED = ("subscription_id", "resource_group", "workspace_name")
FIELDS = (*NEEDED, "tenant_id")
_ENVIRONMENT = {
    "subscription_id": ("AZURE_SUBSCRIPTION_ID", "AZUREML_ARM_SUBSCRIPTION"),
    "resource_group": ("AZURE_RESOURCE_GROUP", "AZUREML_ARM_RESOURCEGROUP"),
    "workspace_name": ("AZUREML_WORKSPACE_NAME", "AZUREML_ARM_WORKSPACE_NAME"),
    "tenant_id": ("AZURE_TENANT_ID",),
}
"""The second name of each is what a job of Azure ML has."""


@dataclass(frozen=True)
class AzureConfig:
    """A workspace of Azure ML, and where each part of its name came from; it holds no secret.

    Attributes:
        subscription_id: the subscription.
        resource_group: name of the resource group.
        workspace_name: name of the workspace.
        tenant_id: the directory to log in to; empty means the account's own.
        origins: where each value came from, by name.
    """

    subscription_id: str = ""
    resource_group: str = ""
    workspace_name: str = ""
    tenant_id: str = ""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        shown = (f"{name}={_shown(name, getattr(self, name))!r}" for name in FIELDS if getattr(self, name))
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def told(self) -> str:
        """One line that says what each value is and where it came from."""
        return ", ".join(
            f"{name} {_shown(name, getattr(self, name))} ({self.origins.get(name, 'given')})"
            for name in NEEDED
            if getattr(self, name)
        )


def _shown(name: str, value: str) -> str:
    return f"...{value[-4:]}" if name in ("subscription_id", "tenant_id") else value


@dataclass(frozen=True)
class Wanted:
    """What was found: the workspace, whether it is to be used at all, and the environment that counts."""

    config: AzureConfig
    is_enabled: bool
    environ: Mapping[str, str]
    """That of the process, with what ``.env`` says below it; credentials are read from it."""
    env_file: str = ""


def resolve(
    config: Any = None,
    *,
    given: Mapping[str, str | None] | None = None,
    config_dir: str | Path | None = None,
    env_file: bool | str | Path = False,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Wanted:
    """The workspace that is meant.

    Strongest first, for each value by itself: ``given`` > a mapping or an object > a file or a folder that was named >
    the environment > ``.env`` or ``config.env``, only if asked for > where no file or folder was named, the nearest
    ``tracked.toml`` or ``config.json`` upwards.

    Args:
        config: a mapping, an object with such attributes, or the path of a file or a folder.
        given: values that were given one by one.
        config_dir: a folder of configuration files, beside ``config``.
        env_file: a file of ``NAME=value`` lines; True for the one beside the configuration, or in the working folder.
        environ: the environment; that of the process if None.
        cwd: where files are looked for that were not named.

    Raises:
        ConfigError: a value is missing, with every place that was looked at; or a file cannot be read.
    """
    environ = dict(os.environ) if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    named = [Path(place) for place in (_path_in(config), config_dir) if place is not None]
    asked = _env_file(env_file or None, named, cwd)
    below = files.variables(asked) if asked is not None else {}
    layers = [
        Layer("arguments", given or {}),
        *_of_object(config),
        *(layer for place in named for layer in files.layers(place)),
        _of_environment("the environment", environ),
        *([_of_environment(str(asked), below)] if asked is not None else []),
        *([] if named else files.found_upwards(cwd)),
    ]
    enabled = next((layer.values["enabled"] for layer in layers if "enabled" in layer.values), True)
    found = _merged(layers)
    if enabled:
        _check(found, layers)
    return Wanted(found, bool(enabled), {**below, **environ}, str(asked or ""))


def _path_in(config: Any) -> Path | None:
    return Path(config) if isinstance(config, str | os.PathLike) else None


def _of_object(config: Any) -> Iterator[Layer]:
    if config is None or isinstance(config, str | os.PathLike):
        return
    if isinstance(config, Mapping):
        values = files.of_mapping(config)
        if not values and config:
            raise ConfigError(
                f"the configuration has none of {', '.join(NEEDED)}; it has {', '.join(map(str, config))}"
            )
        yield Layer("the given configuration", values)
        return
    values = {name: getattr(config, name) for name in FIELDS if getattr(config, name, None)}
    if not values:
        raise ConfigError(
            f"a configuration is a mapping, an AzureConfig, a file or a folder, not {type(config).__name__}"
        )
    yield Layer(f"the given {type(config).__name__}", values)


def _of_environment(origin: str, environ: Mapping[str, str]) -> Layer:
    values = {
        field: environ[name]
        for field, names in _ENVIRONMENT.items()
        for name in reversed(names)
        if environ.get(name)
    }
    return Layer(origin, values)


def _env_file(asked: str | Path | Literal[True] | None, named: list[Path], cwd: Path) -> Path | None:
    if asked is None:
        return None
    if asked is not True:
        return Path(asked)
    folders = [place if place.is_dir() else place.parent for place in named] or [cwd]
    beside = [
        folder / name for top in folders for folder in (top, top.parent) for name in ("config.env", ".env")
    ]
    found = next((path for path in beside if path.is_file()), None)
    if found is None:
        speech.warn_once(f"there is no config.env and no .env in {' or '.join(map(str, folders))}")
    return found


def _merged(layers: list[Layer]) -> AzureConfig:
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for name in FIELDS:
            if (value := layer.values.get(name)) and name not in values:
                values[name], origins[name] = str(value), layer.origin
    return AzureConfig(**values, origins=origins)


def _check(found: AzureConfig, layers: list[Layer]) -> None:
    missing = [name for name in NEEDED if not getattr(found, name)]
    if not missing:
        return
    looked = ", ".join(dict.fromkeys(layer.origin for layer in layers))
    names = ", ".join(_ENVIRONMENT[name][0] for name in missing)
    has = f"; found: {found.told}" if found.told else ""
    raise ConfigError(
        f"no {', no '.join(missing)} for the Azure ML workspace. Looked at: {looked}{has}. Set {names}, or give a "
        "folder with Azure's config.json (the studio has it for download), or pass the values"
    )
