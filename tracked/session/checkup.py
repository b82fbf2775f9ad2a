"""The checks of ``tracked doctor``: each looks at one thing and gives findings."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from functools import partial
from importlib import metadata
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ..errors import ConfigError, LoginRefused, TrackedError
from ..installed import version_of
from ..mlflow.setup import database_of
from ..patience import bounded
from ..shipper.stale import Stale
from . import configure, current, folders, place, workspaces
from .building import Session
from .findings import ERROR, OK, WARN, Finding, size, some
from .leftovers import end_stale_runs, stale_runs

PATIENCE = 30.0
"""Seconds that a store is given to answer."""
SKEW = 30.0
"""Seconds that two clocks may differ: what is shown of times is wrong by as much."""
LITTLE, NEXT_TO_NOTHING = 1 << 30, 1 << 27
"""Free bytes of the disk below which something is said."""
_LOG_IN = (
    "set the login, such as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN; "
    "what was recorded is kept"
)
_SEE_THAT_IT_RUNS = "see that it runs and that its URI is right; what is recorded is kept until it answers"
_PLUGIN = "tracked_mlflow_plugin"


def checkup(patience: float = PATIENCE) -> Iterator[Finding]:
    """Look at everything, one thing after the other.

    Args:
        patience: seconds that the store is given to answer.

    Raises:
        ConfigError, OSError: there cannot be a session at all.
    """
    yield from versions()
    yield from settings()
    session = current()
    yield from store(session)
    yield from workspaces.versions(session.uri)
    yield from reach(session, patience)
    yield from clock(session.uri)
    yield from disk(session)
    yield from folders.checked(session)


def versions() -> Iterator[Finding]:
    """What runs here, and whether MLflow finds our plugin."""
    names = ("tracked", "mlflow")
    told = [f"{name} {version_of(name) or 'is not installed'}" for name in names]
    what = ", ".join([*told, f"Python {platform.python_version()} on {platform.system()}"])
    if not version_of("mlflow"):
        yield Finding("versions", ERROR, what, "pip install mlflow")
        return
    yield Finding("versions", OK, what)
    points = metadata.entry_points(group="mlflow.tracking_store")
    if not any(point.module == _PLUGIN for point in points):
        yield Finding(
            "plugin",
            WARN,
            "MLflow does not know `tracked+...` URIs: durable=True cannot work",
            "install tracked again",
        )


def settings() -> Iterator[Finding]:
    """Whether all that was set can be."""
    try:
        configure({})
    except ConfigError as error:
        yield Finding("settings", ERROR, str(error), "correct it; until then it is left out")


def store(session: Session) -> Iterator[Finding]:
    """Where runs go, and who said so."""
    origin = session.settings.origins["tracking_uri"]
    yield Finding(
        "store", OK, f"runs go to {session.shown_uri} ({origin}), experiment {session.experiment!r}"
    )


def reach(session: Session, patience: float) -> Iterator[Finding]:
    """Whether the store answers, and what it has as running that nobody runs."""
    database = database_of(session.uri)
    if database is not None and not database.exists():
        yield Finding("reach", OK, f"{database} is not there yet: the first run makes it")
        return
    began = time.monotonic()
    try:
        found = bounded(stale_runs, patience)
    except LoginRefused as error:
        yield Finding("reach", ERROR, f"the store answers and does not let us in: {error}", _LOG_IN)
    except TrackedError as error:
        yield Finding("reach", ERROR, f"the store does not answer: {error}", _SEE_THAT_IT_RUNS)
    else:
        yield Finding("reach", OK, f"the store answers, after {time.monotonic() - began:.1f} s")
        yield from _stale(found)


def _stale(found: list[Stale]) -> Iterator[Finding]:
    if found:
        told = "; ".join(f"{stale.name or stale.run_id}: {stale.reason}" for stale in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        yield Finding(
            "stale",
            WARN,
            f"{some(len(found), 'run')} RUNNING in the store that nobody runs ({told}{more})",
            "end them as KILLED",
            partial(_end, found),
        )


def _end(found: list[Stale]) -> str:
    try:
        end_stale_runs(found)
    except TrackedError as error:
        return str(error)
    return ""


def clock(uri: str) -> Iterator[Finding]:
    """Whether this machine's clock agrees with the server's."""
    if not uri.startswith(("http:", "https:")):
        return
    date = _date(place.without_credentials(uri))
    if date is None:
        return
    skew = time.time() - date
    if abs(skew) > SKEW:
        way = "ahead of" if skew > 0 else "behind"
        yield Finding(
            "clock",
            WARN,
            f"this machine's clock is {abs(skew):.0f} s {way} the server's",
            "set the clock: times of runs and points come from it",
        )
    else:
        yield Finding("clock", OK, "this machine's clock agrees with the server's")


def _date(uri: str) -> float | None:
    """The server's time, in seconds since the epoch, if it answers with one; no login is shown."""
    try:
        with urlopen(Request(uri, method="HEAD"), timeout=5) as answer:  # noqa: S310 - http only
            told = answer.headers.get("Date")
    except HTTPError as error:
        told = error.headers.get("Date")
    except (URLError, OSError, ValueError):
        return None
    try:
        return parsedate_to_datetime(told).timestamp()
    except (TypeError, ValueError, IndexError):
        return None


def disk(session: Session) -> Iterator[Finding]:
    """Whether the home can be written and has room."""
    home, cure = session.home, "make room, or name another folder by TRACKED_HOME"
    if not os.access(home, os.W_OK):
        yield Finding("disk", ERROR, f"{home} cannot be written: nothing is kept", cure)
        return
    free = shutil.disk_usage(home).free
    level = OK if free >= LITTLE else WARN if free >= NEXT_TO_NOTHING else ERROR
    yield Finding("disk", level, f"{size(free)} are free for {home}", "" if level == OK else cure)
