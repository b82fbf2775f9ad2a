"""What the emulated Azure knows: all of it in memory, but for the runs, which MLflow keeps."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from .messages import Answer, Request


class Seen(NamedTuple):
    """A request that came."""

    method: str
    host: str
    path: str
    query: str
    agent: str
    token: str
    """The last characters of it: enough to tell two apart."""
    status: int
    """What it was answered; 0 if the connection was broken."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next requests that match.

    Attributes:
        match: a pattern for ``METHOD host/path``.
        status: of the answer; 0 breaks the connection.
        times: so many requests.
        done: whether the request is carried out all the same, and only its answer is lost.
    """

    match: str
    status: int = 0
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    done: bool = False

    def is_for(self, request: Request) -> bool:
        """Whether it is this request's."""
        return bool(re.search(self.match, f"{request.method} {request.host}{request.path}"))


@dataclass
class Tally:
    """Names that one run has used up."""

    metrics: set[str] = field(default_factory=set)
    params: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)


@dataclass
class Options:
    """How this Azure behaves; ``reset`` brings these back.

    Attributes:
        logged_models: whether it knows MLflow 3's logged models.
        token_life: seconds that the tokens live which it gives.
    """

    logged_models: bool = False
    token_life: float = 3600.0


@dataclass
class State:
    """All of it."""

    mlflow: Callable[[Request], Answer]
    """Asks the genuine MLflow server that is behind."""
    options: Options = field(default_factory=Options)
    seen: list[Seen] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    blocks: dict[str, dict[str, bytes]] = field(default_factory=dict)
    artifacts: dict[str, list[str]] = field(default_factory=dict)
    """Paths that each run has a record of; with a content once its blob is there."""
    assets: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    """Which run of MLflow's a job is: in Azure ML it has the job's name for an id."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            for each in fields(self):
                if isinstance(kept := getattr(self, each.name), dict | list):
                    kept.clear()
            self.options = Options()

    def fault_for(self, request: Request) -> Fault | None:
        """Take the fault that this request meets, if any."""
        with self.lock:
            for at, fault in enumerate(self.faults):
                if fault.is_for(request):
                    rest = fault.times - 1
                    self.faults[at : at + 1] = [Fault(**{**vars(fault), "times": rest})] if rest else []
                    return fault
        return None
