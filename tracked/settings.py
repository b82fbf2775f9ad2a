"""One frozen object that says what was set, and where each value came from.

Layers, strongest first: code > ``setup_mlflow``/``configure`` > ``TRACKED_*`` > ``tracked.toml`` or
``[tool.tracked]`` > ``MLFLOW_*`` > defaults.  This module only merges what others have read.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from .errors import ConfigError


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
        experiment: name of the experiment.
        home: folder of journals; empty means the user's state folder.
        exit_timeout: how long the end of the process may wait for delivery, in seconds, at most.
        shipper: ``process`` (the default) or ``thread``.
        origins: where each value came from, by name.
    """

    tracking_uri: str = ""
    experiment: str = ""
    home: str = ""
    exit_timeout: float = 60.0
    shipper: str = "process"
    origins: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.shipper not in ("process", "thread"):
            raise ConfigError(f"shipper is 'process' or 'thread', not {self.shipper!r}")
        if not self.exit_timeout >= 0:  # NaN is no number of seconds either
            raise ConfigError(f"exit_timeout is a number of seconds from 0 on, not {self.exit_timeout}")


NAMES = tuple(f.name for f in fields(Settings) if f.name != "origins")


def merge(layers: Sequence[Layer]) -> Settings:
    """The settings that these layers give, strongest layer first; None and "" are no values.

    Raises:
        ConfigError: for a value of the wrong kind, naming it and its origin.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for name in NAMES:
            value = layer.values.get(name)
            if value is not None and value != "" and name not in values:
                values[name] = _typed(name, value, layer.origin)
                origins[name] = layer.origin
    return Settings(**values, origins={name: origins.get(name, "default") for name in NAMES})


def unknown(layer: Layer, also: Iterable[str] = ()) -> list[str]:
    """A sentence for each name of the layer that is no setting, with the nearest one that is."""
    known = [*NAMES, *also]
    return [
        f"{layer.origin}: there is no setting {name!r}{did_you_mean(name, known)}"
        for name in layer.values
        if name not in known
    ]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or all the choices where none is near."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"


def _typed(name: str, value: Any, origin: str) -> Any:
    kind = type(getattr(_DEFAULTS, name))
    try:
        typed = kind(os.fspath(value) if kind is str else value)
        Settings(**{name: typed})
    except ConfigError as error:
        raise ConfigError(f"{origin}: {error}") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{origin}: {name} must be a {kind.__name__}, not {value!r}") from error
    return typed


_DEFAULTS = Settings()
