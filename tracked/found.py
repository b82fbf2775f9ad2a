"""Runs as they were found in the store: a list that can be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from . import tags as t
from .attempts import without_claims
from .cards import counted, more, pairs
from .drawing import card, element, faint, link, prose, state, table
from .mlflow.urls import run_url
from .spans import took

_ROWS = 20
_METRICS, _PARAMS = 4, 6
_HEADS = ("run", "stage", "state", "began", "took", "metrics", "params that differ", "")


class Runs(list[Any]):
    """MLflow's ``Run`` objects; as text a line for each, in a notebook a table."""

    def __init__(self, found: Iterable[Any] = (), uri: str = "") -> None:
        super().__init__(found)
        self.uri = uri
        """The store that they are in."""

    def __repr__(self) -> str:
        lines = [f"  {_told(run)}" for run in self[:_ROWS]]
        rest = [f"  and {len(self) - _ROWS} more"] if len(self) > _ROWS else []
        return "\n".join([f"{counted(len(self), 'run')}{':' * bool(self)}", *lines, *rest])

    def _repr_html_(self) -> str:
        changed = differing([without_claims(run.data.params) for run in self[:_ROWS]])
        rows = table(_HEADS, [self._row(run, changed) for run in self[:_ROWS]])
        return card(element("b", counted(len(self), "run")), rows, more(len(self), _ROWS))

    def _row(self, run: Any, changed: Sequence[str]) -> Sequence[object]:
        info, params = run.info, {k: v for k, v in run.data.params.items() if k in changed}
        began = datetime.fromtimestamp(info.start_time / 1000).astimezone()
        address = run_url(self.uri, info.experiment_id, info.run_id)
        return (
            element("b", info.run_name),
            run.data.tags.get(t.STAGE, ""),
            state(info.status),
            faint(began.strftime("%Y-%m-%d %H:%M")),
            took((info.end_time - info.start_time) / 1000) if info.end_time else "",
            prose(pairs(_first(run.data.metrics, _METRICS))),
            prose(pairs(_first(params, _PARAMS))),
            link(address) if address.startswith("http") else "",
        )


def _told(run: Any) -> str:
    stage = run.data.tags.get(t.STAGE, "")
    parts = run.info.run_name, stage, run.info.status, pairs(_first(run.data.metrics, _METRICS))
    return "  ".join(filter(None, parts))


def differing(each: Sequence[Mapping[str, object]]) -> list[str]:
    """The keys that have not the same value in all of these, in order."""
    keys = dict.fromkeys(key for one in each for key in one)
    return [key for key in keys if any(key not in one or one[key] != each[0].get(key) for one in each)]


def _first(values: Mapping[str, Any], most: int) -> dict[str, Any]:
    return dict(list(values.items())[:most])
