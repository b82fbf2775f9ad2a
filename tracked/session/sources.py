"""Where settings are read from: the environment and the project's files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..settings import Layer

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MARKS = ("tracked.toml", "pyproject.toml", ".git", "setup.py", "setup.cfg")
_MLFLOW = {"tracking_uri": "MLFLOW_TRACKING_URI", "experiment": "MLFLOW_EXPERIMENT_NAME"}
SWITCHES = ("disabled", "silent", "verbosity", "context", "linger", "shipper_uri", "shipper_home")
"""``TRACKED_*`` names that are read where they act, not kept in the settings."""


def working_folder() -> Path:
    """Where the process stands; the user's home if that folder is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path.home()


def project_root(start: Path) -> Path:
    """The nearest folder upwards that looks like the top of a project; ``start`` itself if none does."""
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    return start


def from_environment(environ: Mapping[str, str]) -> Layer:
    """``TRACKED_EXPERIMENT=x`` sets ``experiment``, and so on for each setting."""
    given = {k.removeprefix("TRACKED_").lower(): v for k, v in environ.items() if k.startswith("TRACKED_")}
    return Layer("TRACKED_*", given)


def from_mlflow_environment(environ: Mapping[str, str]) -> Layer:
    """What MLflow's own variables say; the URI is left to the resolver, which knows its place."""
    return Layer("MLFLOW_*", {"experiment": environ.get(_MLFLOW["experiment"])})


def from_files(folder: Path) -> Layer:
    """``tracked.toml`` of the folder, else ``[tool.tracked]`` of its ``pyproject.toml``.

    Raises:
        ConfigError: a file that is no TOML, naming it.
    """
    own = folder / "tracked.toml"
    if own.is_file():
        return Layer(str(own), _read(own))
    project = folder / "pyproject.toml"
    tool = _read(project).get("tool") if project.is_file() else None
    values = tool.get("tracked", {}) if isinstance(tool, dict) else {}
    if not isinstance(values, dict):
        raise ConfigError(f"{project}: [tool.tracked] must be a table, not {values!r}")
    return Layer(f"{project} [tool.tracked]", values)


def _read(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    return values
