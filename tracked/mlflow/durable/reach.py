"""Whether a server answers at all, asked in a second or two: MLflow's own client would wait for minutes."""

from __future__ import annotations

import socket
import ssl
import time
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

PATIENCE = 3.0
"""Seconds that a server has to answer."""
REMEMBERED = 2.0
"""Seconds for which the answer is believed."""

_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_BROKEN = frozenset({502, 503, 504})


class _Seen(NamedTuple):
    time: float
    answers: bool


_SEEN: dict[str, _Seen] = {}


def answers(uri: str) -> bool:
    """Whether the server behind this URI takes calls now; True where only a call can tell."""
    now = time.monotonic()
    seen = _SEEN.get(uri)
    if seen is None or now - seen.time > REMEMBERED:
        # The time of the answer counts, not that of the question: it may have taken a while.
        seen = _SEEN[uri] = _Seen(0.0, _asked(uri))._replace(time=time.monotonic())
    return seen.answers


def _asked(uri: str) -> bool:
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        return _says_something(uri)
    port = _PORTS.get(parts.scheme.partition("+")[0])
    return port is None or not parts.hostname or _listens(parts.hostname, parts.port or port)


def _says_something(uri: str) -> bool:
    """Any answer will do, a refusal too: no credentials are sent."""
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    health = Request(f"{parts.scheme}://{host}{parts.path.rstrip('/')}/health")  # noqa: S310 - http or https
    try:
        with urlopen(health, timeout=PATIENCE):  # noqa: S310
            return True
    except HTTPError as error:
        with error:
            return error.code not in _BROKEN
    except URLError as error:
        # A certificate that only MLflow was told to trust: somebody is there.
        return isinstance(error.reason, ssl.SSLError)
    except (HTTPException, OSError, ValueError):
        return False


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), PATIENCE):
            return True
    except OSError:
        return False
