"""A request and an answer, as values; the services are functions from one to the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON, XML, BYTES = "application/json", "application/xml", "application/octet-stream"


@dataclass(frozen=True)
class Request:
    """What a client has sent."""

    method: str
    host: str
    """Empty where the proxy itself was asked."""
    path: str
    """Unquoted."""
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes

    @property
    def bearer(self) -> str:
        """The token, if there is one."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind.lower() == "bearer" else ""

    def json(self) -> Any:
        """What its body says; nothing at all for an empty one."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True)
class Answer:
    """What it gets."""

    status: int = 200
    body: bytes = b""
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def told(value: Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value).encode())


def refused(status: int, code: str, message: str, inner: str = "") -> Answer:
    """An error in the shape of all of Azure's."""
    error = {
        "code": code,
        "message": message,
        "severity": None,
        "innerError": {"code": inner} if inner else None,
    }
    return told({"error": error}, status)


def missing(what: str) -> Answer:
    """An error for what is not there, or not emulated."""
    return refused(404, "UserError", f"{what} was not found", "NotFoundError")
