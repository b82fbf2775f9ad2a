"""One frozen object that says what was set, and where each value came from.

Layers, strongest first: code > ``setup_mlflow``/``configure`` > ``TRACKED_*`` > ``tracked.toml`` or
``[tool.tracked]`` > the former system's YAML files > ``MLFLOW_*`` > defaults.  This module only merges what others
have read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, NoReturn

from . import further_names, naming, switches, tags
from .errors import ConfigError
from .nearest import did_you_mean

__all__ = ["NAMES", "Layer", "Settings", "Wrong", "did_you_mean", "merge", "raise_", "unknown"]


class Layer(NamedTuple):
    """Values that come from one place."""

    origin: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """Everything a person can set.

    Attributes:
        tracking_uri: where runs go; empty means the first of ``MLFLOW_TRACKING_URI``, the URI of a loaded
            MLflow, the local store.
        experiment: name of the experiment, or ``id:`` and its id.
        project: name of the project: the tag ``project`` of every run, and ``{project}`` in names.
        config_dir: folder of the configuration files; empty means the project's.  Where it is given, nothing is
            read from anywhere else.
        home: folder of journals; empty means the user's state folder.
        exit_timeout: how long the end of the process may wait for delivery, in seconds, at most.
        shipper: ``process`` (the default) or ``thread``.
        verbosity: ``quiet``, ``normal`` or ``verbose``.
        name_template: how runs are named, by stage; under the empty name for all stages.
        name_max_length: longest name of a run, in characters.
        tags: further names of our tags, by our key: written beside ours, read after ours.
        tag_max_length: longest value of a tag, in characters; 0 means what the store takes.
        switches: ``<stage>.<switch>`` and whether it is on, as in ``tracked.switches``.
        artifact_max_bytes: largest file that is kept, in bytes, by default 64 GiB; 0 means any.
        journal_max_bytes: bytes of journals in one folder from which on metrics are thinned (10 GiB); 0 means any.
        azure_workspace: name of the Azure ML workspace that runs should go to; says so where no ``ml_client`` is given.
        durable: whether MLflow's own calls are kept in the journal too, and so never wait for the store.
        ranks: which processes of a distributed job track: ``zero`` (rank 0), ``metrics`` (rank 0, and the others log
            numbers into its runs, as ``rank/<n>/...``) or ``all`` (each has runs of its own).
        provenance: whether runs tell where they come from: commit, changes, command, packages, machine.
        rerun: whether every call is made, whatever its ``on_existing`` says.
        origins: where each value came from, by name; for what is in a table also by ``name.key``.
    """

    tracking_uri: str = ""
    experiment: str = ""
    project: str = ""
    config_dir: str = ""
    home: str = ""
    exit_timeout: float = 60.0
    shipper: str = "process"
    verbosity: str = "normal"
    name_template: Mapping[str, str] = field(default_factory=dict)
    name_max_length: int = naming.MAX_RUN_NAME
    tags: Mapping[str, str] = field(default_factory=dict)
    tag_max_length: int = 0
    switches: Mapping[str, bool] = field(default_factory=dict)
    artifact_max_bytes: int = 1 << 36
    journal_max_bytes: int = 10 << 30
    azure_workspace: str = ""
    durable: bool = False
    ranks: str = "zero"
    provenance: bool = True
    rerun: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (choices, meaning) in _LIMITS.items():
            if not choices(getattr(self, name)):
                raise ConfigError(f"{name} is {meaning}, not {getattr(self, name)!r}")


_MIN_NAME = 20
_LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "shipper": (("process", "thread").__contains__, "'process' or 'thread'"),
    "verbosity": (("quiet", "normal", "verbose").__contains__, "'quiet', 'normal' or 'verbose'"),
    "ranks": (("zero", "metrics", "all").__contains__, "'zero', 'metrics' or 'all'"),
    # NaN is no number of seconds either.
    "exit_timeout": (lambda n: n >= 0, "a number of seconds from 0 on"),
    "name_max_length": (
        lambda n: _MIN_NAME <= n <= naming.MAX_RUN_NAME,
        f"a number of characters from {_MIN_NAME} to {naming.MAX_RUN_NAME}",
    ),
    "tag_max_length": (
        lambda n: n == 0 or n >= tags.SHORTEST_LIMIT,
        f"0 or a number of characters from {tags.SHORTEST_LIMIT} on",
    ),
    "artifact_max_bytes": (lambda n: n >= 0, "a number of bytes from 0 on"),
    "journal_max_bytes": (lambda n: n >= 0, "a number of bytes from 0 on"),
}
NAMES = tuple(f.name for f in fields(Settings) if f.name != "origins")


class _Table(NamedTuple):
    """How a setting that is a table is read."""

    flat: Callable[[Any], Iterable[tuple[str, Any]]]
    """Keys and values, from the mapping that was given."""
    strange: Callable[[str], str]
    """What is wrong with a key; empty if nothing is."""
    checked: Callable[[str, Any], Any]
    """The value as it is kept; raises ConfigError."""


_TABLES = {
    "switches": _Table(switches.flat, switches.strange, switches.is_on),
    "tags": _Table(further_names.renamed, further_names.strange, further_names.checked_name),
    "name_template": _Table(naming.by_stage, lambda _: "", naming.checked_template),
}

Wrong = Callable[[ConfigError], object]
"""Told of a value that cannot be; may raise."""


def raise_(error: ConfigError) -> NoReturn:
    """What is done where somebody asked for the settings: they are told by an exception."""
    raise error


def merge(layers: Sequence[Layer], wrong: Wrong = raise_) -> Settings:
    """The settings that these layers give, strongest layer first; None and "" are no values.

    Args:
        layers: strongest first.
        wrong: told of each value that counts and cannot be; if it does not raise, the next layer's value counts.

    Raises:
        ConfigError: for a value of the wrong kind, naming it and its origin.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(NAMES, "default")
    for layer in layers:
        for name, key, value in _entries(layer, wrong):
            place = f"{name}.{key}" if name in _TABLES else name
            if place not in values:
                try:
                    values[place] = _typed(name, key, value)
                except ConfigError as error:
                    wrong(ConfigError(f"{layer.origin}: {error}"))
                    continue
                origins[place] = layer.origin
                if origins[name] == "default":
                    origins[name] = layer.origin
    return Settings(**_grouped(values), origins=origins)


def _entries(layer: Layer, wrong: Wrong) -> Iterator[tuple[str, str, Any]]:
    """Name, key in its table, and value of all that the layer sets; names that are none of ours are left out."""

    def told(error: ConfigError) -> None:
        wrong(ConfigError(f"{layer.origin}: {error}"))

    for name in NAMES:
        value = layer.values.get(name)
        if name in _TABLES:
            items = _items(name, value, told)
            yield from ((name, key, inner) for key, inner in items if not _TABLES[name].strange(key))
        elif not _is_nothing(value):
            yield name, "", value


def _items(name: str, value: Any, wrong: Wrong) -> Iterable[tuple[str, Any]]:
    """Keys and values of a table, which may be written ``key=value, key=value``."""
    if _is_nothing(value):
        return ()
    if isinstance(value, str):
        value = {"": value} if name == "name_template" else _pairs(value)
    if isinstance(value, Mapping):
        return _TABLES[name].flat(value)
    wrong(ConfigError(f"{name} is a table, or 'key=value, key=value'"))
    return ()


def _pairs(text: str) -> dict[str, str] | None:
    """What such a text says; None if it is none."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(mark for _, mark, _ in pairs):
        return None
    return {key.strip(): value.strip() for key, _, value in pairs}


def _is_nothing(value: Any) -> bool:
    return value is None or value == ""


def _grouped(values: Mapping[str, Any]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for place, value in values.items():
        name, _, key = place.partition(".")
        if name in _TABLES:
            grouped.setdefault(name, {})[key] = value
        else:
            grouped[name] = value
    return grouped


def unknown(layer: Layer, also: Iterable[str] = ()) -> list[str]:
    """A sentence for each name of the layer that is no setting, with the nearest one that is."""
    known = [*NAMES, *also]
    strange = [
        f"there is no setting {name!r}{did_you_mean(name, known)}"
        for name in layer.values
        if name not in known
    ]
    strange += [
        told
        for name, table in _TABLES.items()
        for key, _ in _items(name, layer.values.get(name), lambda _: None)
        if (told := table.strange(key))
    ]
    return [f"{layer.origin}: {line}" for line in strange]


def _typed(name: str, key: str, value: Any) -> Any:
    if name in _TABLES:
        try:
            return _TABLES[name].checked(key, value)
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from error
    kind = type(getattr(_DEFAULTS, name))
    if kind is bool:
        return switches.is_on(name, value)
    try:
        typed = kind(os.fspath(value) if kind is str else value)
        Settings(**{name: typed})
    except ConfigError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{name} must be a {kind.__name__}, not {value!r}") from error
    return typed


_DEFAULTS = Settings()
