"""Where a study is kept: from memory to a database behind a proxy, each by a short name."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy.exc
from optuna.storages import BaseStorage
from optuna.storages.journal import JournalFileBackend

from ..errors import BackendUnavailable, ConfigError
from ..redact import redact_text
from .search import JOURNAL

_GRPC = "grpc://"
_PATIENCE = 10.0
"""Seconds in which a gRPC proxy has to answer."""
_EXISTS = re.compile("already exists|duplicate|unique", re.IGNORECASE)
_POSTGRES = re.compile(r"postgres(ql)?://")
_SILENT = (optuna.exceptions.StorageInternalError, sqlalchemy.exc.DBAPIError, OSError)
"""What Optuna raises where a storage does not answer; of gRPC see ``_failures``."""


def opened(given: Any) -> BaseStorage:
    """The storage that this names.

    Args:
        given: None for memory, a path or ``journal:PATH`` for a file, ``grpc://HOST:PORT`` for Optuna's proxy, the URL
            of a database, or a storage of Optuna.

    Raises:
        ConfigError: there is no such storage, or what it takes is not installed.
        BackendUnavailable: it does not answer.
    """
    with reached(given):
        try:
            return _opened(given)
        except (ImportError, sqlalchemy.exc.ArgumentError) as error:
            raise ConfigError(f"storage {shown(given)}: {_told(error)}{_way_out(given)}") from error


def _opened(given: Any) -> BaseStorage:
    if isinstance(given, os.PathLike) or str(given).startswith(JOURNAL):
        return _journal(Path(str(given).removeprefix(JOURNAL)))
    if isinstance(given, str) and given.startswith(_GRPC):
        return _proxy(given.removeprefix(_GRPC))
    return _database(given) if isinstance(given, str) else optuna.storages.get_storage(given)


def _database(url: str) -> BaseStorage:
    """The storage behind this URL; where many processes begin at once, all but one find the tables in the making."""
    for pause in (0.1, 0.2, 0.5, 1.0, 2.0):
        try:
            return optuna.storages.get_storage(url)
        except sqlalchemy.exc.DBAPIError as error:
            if not _EXISTS.search(str(error.orig)):
                raise
        time.sleep(pause)
    return optuna.storages.get_storage(url)


def _journal(path: Path) -> BaseStorage:
    path.parent.mkdir(parents=True, exist_ok=True)
    return optuna.storages.JournalStorage(JournalFileBackend(str(path)))


def _proxy(address: str) -> BaseStorage:
    host, _, port = address.rstrip("/").rpartition(":")
    with warnings.catch_warnings():
        # Whoever names a proxy need not know that Optuna calls it experimental.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        proxy = optuna.storages.GrpcStorageProxy(host=host, port=int(port))
    proxy.wait_server_ready(timeout=_PATIENCE)
    return proxy


@contextmanager
def reached(given: Any) -> Iterator[None]:
    """Say of a storage that fails in this block which one it is, and what can be done.

    Raises:
        BackendUnavailable: it does not answer.
    """
    try:
        yield
    except _failures() as error:
        raise BackendUnavailable(
            f"the study's storage, {shown(given)}, does not answer: {_told(error)}. What was told to it is kept; call "
            "the sweep again when it is back, and it goes on from there"
        ) from error


def _failures() -> tuple[type[Exception], ...]:
    try:
        import grpc  # noqa: PLC0415 - installed for whoever uses the proxy
    except ImportError:
        return _SILENT
    return (*_SILENT, grpc.RpcError)


def shown(given: Any) -> str:
    """A storage as it may be shown: without credentials."""
    if given is None:
        return "memory"
    named = isinstance(given, str | os.PathLike)
    return redact_text(str(given), os.environ) if named else type(given).__name__


def _told(error: BaseException) -> str:
    while error.__cause__ is not None:  # Optuna wraps what the database has said
        error = error.__cause__
    lines = redact_text(str(error), os.environ).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _way_out(given: Any) -> str:
    if isinstance(given, str) and _POSTGRES.match(given):
        return (
            ". From SQLAlchemy 2.1 on, postgresql:// asks for psycopg 3: write postgresql+psycopg2:// for psycopg2, or "
            "install the one that is missing"
        )
    if isinstance(given, str) and given.startswith(_GRPC):
        return ". Install grpcio and protobuf, which Optuna's proxy speaks with"
    return (
        ". It is a path, journal:PATH, grpc://HOST:PORT, or the URL of a database whose driver is installed"
    )
