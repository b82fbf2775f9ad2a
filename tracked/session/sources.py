"""Where settings are read from: the environment and the project's files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import speech, switches
from ..errors import ConfigError
from ..mlflow.aliases import experiment_of, is_durable
from ..settings import NAMES, Layer, Settings, Wrong, merge, raise_, unknown
from . import former

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MARKS = ("tracked.toml", "pyproject.toml", ".git", "setup.py", "setup.cfg")
CODE = "setup_mlflow / configure"
"""Origin of what code has set."""
_OF_A_KIND = (*switches.NAMES, "name_template")
SWITCHES = (
    "azure_credential",
    "confined_to",
    "context",
    "disabled",
    "linger",
    "shipper_home",
    "shipper_uri",
    "silent",
    "submitted",
    "trial",
)
"""``TRACKED_*`` names that are read where they act, not kept in the settings."""


def leave_out(error: ConfigError) -> None:
    """What is done about a wrong setting where nobody asked for the settings: it is said, and the rest counts."""
    speech.warn_once(f"{error}; this is left out, and tracking goes on")


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


def load(
    configured: Mapping[str, Any], environ: Mapping[str, str], root: Path, wrong: Wrong = raise_
) -> Settings:
    """All layers merged, strongest first; unknown names are told once.

    Raises:
        ConfigError: a value or a file is wrong, and ``wrong`` raises.
    """
    code, variables = Layer(CODE, configured), from_environment(environ)
    named = merge([code, variables], lambda _: None).config_dir
    files, remarks = from_folder(Path(named), wrong) if named else from_project(root, wrong)
    strange = [line for layer in files for line in unknown(layer, also=[*switches.KINDS, "azure"])]
    for line in [*strange, *unknown(variables, also=SWITCHES), *remarks]:
        speech.warn_once(line)
    settings = merge([code, variables, *files, from_mlflow_environment(environ)], wrong)
    for line in switches.doubts(settings):
        speech.warn_once(line)
    return settings


def from_environment(environ: Mapping[str, str]) -> Layer:
    """``TRACKED_EXPERIMENT=x`` sets ``experiment``, and so on for each setting."""
    given = {k.removeprefix("TRACKED_").lower(): v for k, v in environ.items() if k.startswith("TRACKED_")}
    return Layer("TRACKED_*", given)


def from_mlflow_environment(environ: Mapping[str, str]) -> Layer:
    """What MLflow's own variables say; the URI is left to the resolver, which knows its place."""
    experiment = environ.get("MLFLOW_EXPERIMENT_NAME")
    if not experiment and (number := environ.get("MLFLOW_EXPERIMENT_ID")):
        experiment = experiment_of(number)
    durable = True if is_durable(environ.get("MLFLOW_TRACKING_URI", "")) else None
    given = {"experiment": experiment, "durable": durable}
    return Layer("MLFLOW_*", {name: value for name, value in given.items() if value})


class Found(NamedTuple):
    """What the files of a folder set, and what has to be said of them."""

    layers: list[Layer]
    remarks: list[str]


def from_project(root: Path, wrong: Wrong) -> Found:
    """The files of the project: ``tracked.toml``, else ``[tool.tracked]``."""
    try:
        layer = from_files(root)
    except ConfigError as error:
        wrong(error)
        return Found([], [])
    values = dict(layer.values)
    if values.pop("config_dir", None) is None:
        return Found([layer], [])
    remark = f"{layer.origin}: config_dir has no effect in a file: it names the folder of the files"
    return Found([Layer(layer.origin, values)], [remark])


def from_folder(folder: Path, wrong: Wrong) -> Found:
    """The files of a folder that was named: those of a project, and those of the former system."""
    if not folder.is_dir():
        wrong(ConfigError(f"config_dir: there is no folder {str(folder)!r}"))
        return Found([], [])
    found = from_project(folder, wrong)
    for layer, remarks in former.layers(folder, wrong):
        found.layers.append(layer)
        found.remarks.extend(remarks)
    return found


def from_files(folder: Path) -> Layer:
    """``tracked.toml`` of the folder, else ``[tool.tracked]`` of its ``pyproject.toml``.

    A table of a kind, such as ``[tool.tracked.training]``, sets its switches and its ``name_template``.

    Raises:
        ConfigError: a file that is no TOML, naming it.
    """
    own = folder / "tracked.toml"
    if own.is_file():
        return Layer(str(own), _by_setting(_read(own)))
    project = folder / "pyproject.toml"
    tool = _read(project).get("tool") if project.is_file() else None
    values = tool.get("tracked", {}) if isinstance(tool, dict) else {}
    if not isinstance(values, dict):
        raise ConfigError(f"{project}: [tool.tracked] must be a table, not {values!r}")
    return Layer(f"{project} [tool.tracked]", _by_setting(values))


def _by_setting(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with what stands in the table of a kind under the settings that it belongs to."""
    kinds = {name: table for name, table in values.items() if _is_kind(name, table)}
    rest: dict[str, Any] = {name: value for name, value in values.items() if name not in kinds}
    for kind, table in kinds.items():
        on = {f"{kind}.{key}": value for key, value in table.items() if key != "name_template"}
        if on:
            rest["switches"] = {**on, **rest.get("switches", {})}
        if "name_template" in table:
            given = rest.get("name_template", {})
            given = {"": given} if isinstance(given, str) else given
            rest["name_template"] = {**given, kind: table["name_template"]}
    return rest


def _is_kind(name: str, value: Any) -> bool:
    """Whether this is the table of a kind of run, be it one that somebody has added."""
    if name in NAMES or not isinstance(value, dict):
        return False
    is_ours = name in switches.KINDS
    return is_ours or (switches.misspelt_kind(name) is None and any(key in _OF_A_KIND for key in value))


def _read(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    return values
