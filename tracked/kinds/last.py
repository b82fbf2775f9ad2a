"""The last benchmark of the same call, remembered beside the journals: to compare with it asks no store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from .. import tags as t
from ..journal import disk
from ..run import Run
from .machine import machine_tags


class Change(NamedTuple):
    """How much longer a call takes than it did: 0.05 is 5 % longer."""

    fraction: float
    told: str


def compared(run: Run, means: Mapping[str, float]) -> Change | None:
    """The change since the last benchmark of this call key on such a machine; this one is then the last.

    Over several batch sizes it is the geometric mean over those that both have.  What another machine or
    another user has measured is not known here.
    """
    key = run.plan.tags.get(t.CALL_KEY)
    if key is None or run.session is None:
        return None
    path = run.session.folder.path / "benchmarks" / f"{key}.json"
    before = _read(path)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    last = {"run": run.name, "at": now, "cpu": machine_tags()[t.BENCHMARK_CPU], "means": means}
    disk.replace(path, orjson.dumps(last))
    change = _change(before, last)
    if change is not None and t.WEAK in run.plan.tags:
        change = change._replace(told=f"{change.told}, if that was the same: the key is weak")
    return change


def _read(path: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
        return found if isinstance(found["means"], dict) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _change(before: Mapping[str, Any], last: Mapping[str, Any]) -> Change | None:
    if before.get("cpu") != last["cpu"]:
        return None
    pairs = [(before["means"][size], mean) for size, mean in last["means"].items() if size in before["means"]]
    logs = [math.log(now / was) for was, now in pairs if was > 0 and now > 0]
    if not logs:
        return None
    change = math.exp(math.fsum(logs) / len(logs)) - 1
    return Change(change, f"{change:+.1%} against {before['run']} of {before['at']}")
