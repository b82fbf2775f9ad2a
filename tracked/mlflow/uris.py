"""Tracking URIs in one absolute form, so that every process and every folder means the same store."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import ConfigError
from ..redact import redact_url
from ..settings import did_you_mean
from .aliases import inner_uri

_WORDS = frozenset({"databricks", "databricks-uc", "uc"})
_SERVERS = frozenset({"http", "https"})
_OTHERS = frozenset({"azureml", "mssql", "mysql", "postgresql", *_WORDS})
_ARTIFACTS_ONLY = frozenset({"s3", "gs", "wasbs", "abfss", "hdfs", "dbfs", "mlflow-artifacts"})
_DATABASES = frozenset({".db", ".sqlite", ".sqlite3"})

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least: C: is a drive
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(?:/|$)")


def normalise(uri: str, cwd: Path) -> str:
    """The absolute form of a tracking URI.

    A relative sqlite path starts at ``cwd``.  A folder (``file:./mlruns`` or a plain path) that holds runs of
    MLflow's old file store stays one; any other becomes ``sqlite:///<folder>/mlflow.db``, since MLflow refuses
    new file stores.  Servers and other databases go through unchanged; of a durable store's URI the inner one counts.

    Raises:
        ConfigError: what is given is no tracking URI; the message says why and what was probably meant.
    """
    uri = inner_uri(uri.strip())
    if not uri:
        raise ConfigError("the tracking URI is empty")
    if _HOST_AND_PORT.match(uri) and not uri.startswith("file:"):
        raise ConfigError(f"{uri!r} has no scheme; did you mean 'http://{uri}'?")
    match = _SCHEME.match(uri)
    if match is None or uri in _WORDS:
        return uri if uri in _WORDS else _of_path(cwd / Path(uri).expanduser())
    return _of_scheme(match[1].lower(), uri, cwd)


def _of_scheme(scheme: str, uri: str, cwd: Path) -> str:
    name = scheme.partition("+")[0]
    if name == "sqlite":
        return _of_sqlite(uri, cwd)
    if name == "file":
        return _of_path(cwd / _path_of(uri))
    if name in _SERVERS:
        return _of_server(uri)
    if name in _OTHERS:
        return uri
    if name in _ARTIFACTS_ONLY:
        raise ConfigError(f"{_shown(uri)!r} can keep artifacts, but no runs: it is no tracking URI")
    plugins = _plugins()
    if scheme in plugins:
        return uri
    known = {"sqlite", "file", *_SERVERS, *_OTHERS, *plugins}
    raise ConfigError(f"no store is known for {name!r} in {_shown(uri)!r}{did_you_mean(name, known)}")


def _of_sqlite(uri: str, cwd: Path) -> str:
    scheme, _, rest = uri.partition(":")
    location, mark, query = rest.partition("?")
    if not location.startswith("///"):
        raise ConfigError(f"{uri!r} needs three slashes: '{scheme}:///{location.lstrip('/') or 'mlflow.db'}'")
    path = location.removeprefix("///")
    if path in ("", ":memory:"):
        raise ConfigError(
            f"{uri!r} lives in one process only; runs need a file, such as 'sqlite:///mlflow.db'"
        )
    database = cwd / path
    if database.is_dir():
        raise ConfigError(f"{uri!r} is a folder; did you mean 'sqlite:///{path.rstrip('/')}/mlflow.db'?")
    return f"{scheme.lower()}:///{_absolute(database)}{mark}{query}"


def _of_server(uri: str) -> str:
    if not urlsplit(uri).hostname:
        raise ConfigError(f"{_shown(uri)!r} names no host; a server is written 'http://host:port'")
    return uri


def _of_path(path: Path) -> str:
    """The store that belongs to a folder, or to a database file that is named without a scheme."""
    if path.is_file() or path.suffix in _DATABASES:
        return f"sqlite:///{_absolute(path)}"
    if is_file_store(path):
        return Path(_absolute(path)).as_uri()
    return f"sqlite:///{_absolute(path / 'mlflow.db')}"


def is_file_store(folder: Path) -> bool:
    """Whether runs of MLflow's old file store lie here, and no database that they were moved to."""
    if (folder / "mlflow.db").exists():
        return False
    return any(found.parent.name.isdigit() for found in folder.glob("*/meta.yaml"))


def _path_of(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise ConfigError(
            f"{_shown(uri)!r} names the host {parts.hostname!r}; a folder is written 'file:///folder'"
        )
    return url2pathname(parts.path)


def _shown(uri: str) -> str:
    """What was given, without a login: also of what only looks like an address."""
    return redact_url(uri) if "://" in uri else uri.rpartition("@")[2]


def _absolute(path: Path) -> str:
    # Links are not resolved: the name that the person knows is the name that is shown.
    return Path(os.path.normpath(path.absolute())).as_posix()


def _plugins() -> set[str]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and for rare schemes only

    return {point.name for point in entry_points(group="mlflow.tracking_store")}
