"""Names that stand for what the store has not named yet, and the URIs of the durable store.  Pure.

MLflow's own calls must go on where no server says which number an experiment has.  So the experiment gets an id
that says its name, and every process that inherits it can read it.
"""

from __future__ import annotations

from ..errors import ConfigError
from ..ports import BY_ID

PREFIX = "tracked+"
SCHEMES = (
    "http",
    "https",
    "sqlite",
    "postgresql",
    "postgresql+psycopg2",
    "mysql",
    "mysql+pymysql",
    "mssql",
    "file",
    "azureml",
    "databricks",
)
"""Stores that the durable one can stand before: for each, an entry point is in pyproject.toml."""

ARTIFACTS = "tracked-artifacts:/"
"""Before the id of a run: its artifacts, kept in the journal until they are delivered."""

_EXPERIMENT = "tracked-"


def durable_uri(uri: str) -> str:
    """The URI of the durable store before this one.

    Raises:
        ConfigError: there is none before such a store.
    """
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme not in SCHEMES:
        raise ConfigError(f"durable is for {', '.join(SCHEMES)}, not for {scheme!r}")
    return PREFIX + uri


def is_durable(uri: str) -> bool:
    """Whether this is the URI of a durable store."""
    return uri.startswith(PREFIX)


def inner_uri(uri: str) -> str:
    """The store behind a durable one; any other URI as it is."""
    return uri.removeprefix(PREFIX)


def experiment_alias(name: str) -> str:
    """An id for the experiment of this name, or for ``id:7`` the id itself."""
    return name.removeprefix(BY_ID) if name.startswith(BY_ID) else _EXPERIMENT + name.encode().hex()


def experiment_behind(experiment_id: str) -> str | None:
    """The name that this alias stands for; None for an id of the store's own."""
    if not experiment_id.startswith(_EXPERIMENT):
        return None
    try:
        return bytes.fromhex(experiment_id.removeprefix(_EXPERIMENT)).decode()
    except ValueError:
        return None


def experiment_of(experiment_id: str) -> str:
    """How a record names the experiment with this id, be it an alias or the store's own."""
    name = experiment_behind(experiment_id)
    return BY_ID + experiment_id if name is None else name
