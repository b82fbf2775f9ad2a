"""What a search found, written to the run of its sweep; whoever ran the loop."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import tags as t
from ..identity import canonical, plain_space, to_bytes
from ..identity.plumbing import treatment_of_hyperparameter
from ..notes import code, values
from ..ports import Told
from ..reports import Search, importance
from ..run import Run
from .sweep_report import keep_at_end

_MOST, _WORTH_TELLING = 3, 0.1
"""Hyperparameters that the description tells of, and from which importance on."""
STATES = ("complete", "pruned", "failed")


class Space:
    """What the trials were chosen from, gathered trial by trial."""

    def __init__(self, trials: Iterable[Told] = ()) -> None:
        self._seen: dict[str, list[Any]] = {}
        for told in trials:
            self.add(told.space)

    def add(self, space: Mapping[str, Any]) -> None:
        """Take in what one trial was chosen from."""
        for name, one in space.items():
            seen = self._seen.setdefault(name, [])
            if one not in seen:
                seen.append(one)

    def to_json(self) -> bytes:
        """Canonical JSON; where trials were chosen from different ranges, all of them under ``any``."""
        return to_bytes({name: _merged(seen) for name, seen in self._seen.items()})

    def __bool__(self) -> bool:
        return bool(self._seen)


def _merged(seen: Sequence[Any]) -> Any:
    forms = {to_bytes(form): form for form in map(_form, seen)}
    ordered = [forms[key] for key in sorted(forms)]
    return ordered[0] if len(ordered) == 1 else {"type": "any", "of": ordered}


def _form(one: Any) -> Any:
    return canonical(plain_space(one), treat=treatment_of_hyperparameter).tree


@dataclass(frozen=True)
class Summary:
    """What is known of a search at its end.

    Attributes:
        search: what was tried.
        best: the best trial.
        metrics: of the best trial, beside its objectives.
        space: what was chosen from.
    """

    search: Search
    best: Told | None
    space: Space
    metrics: Mapping[str, float] = field(default_factory=dict)

    def write(self, run: Run) -> None:
        """Counts, best and space, as metrics, params, tags and artifacts of the sweep's run."""
        states = Counter(trial.state for trial in self.search.trials)
        run.log({"n_trials": len(self.search.trials), **{f"n_{s}_trials": states[s] for s in STATES}})
        run.story.findings += self._found(states)
        if self.best is not None:
            run.params({f"best_{name}": value for name, value in self.best.params.items()})
            run.log({k: v for k, v in self.metrics.items() if k not in self.search.objectives})
            run.tag({t.BEST_TRIAL_NUMBER: self.best.number})
        if self.search.front:
            run.tag({t.PARETO: ", ".join(map(str, self.search.front))})
        if self.space:
            written = self.space.to_json()
            run.artifact(written, "search_space.json")
            run.tag({t.SEARCH_SPACE: hashlib.sha256(written).hexdigest()})
        keep_at_end(run, self.search)

    def _found(self, states: Counter[str]) -> Iterator[str]:
        """What the description says: the best, and how the trials ended."""
        counted = ", ".join(f"{states[state]} {state}" for state in STATES if states[state]) or "none ended"
        trials = f"{len(self.search.trials)} trials ({counted})"
        if self.best is None:
            yield f"{trials}, and none is the best"
        else:
            reached = values(dict(zip(self.search.objectives, self.best.values, strict=False)))
            chosen = f" with {values(self.best.params)}" if self.best.params else ""
            yield f"Best of {trials}: trial {self.best.number}, {reached}{chosen}"
        if self.search.front:
            yield f"No other trial beats: {', '.join(map(str, self.search.front))}"
        if most := [one for one in importance(self.search)[:_MOST] if one.explained >= _WORTH_TELLING]:
            told = ", ".join(f"{code(one.name)} {one.explained:.2f}" for one in most)
            yield f"It goes most with {told} (part of the variance of its ranks)"


def about(names: Sequence[str], directions: Sequence[str], search: Mapping[str, str]) -> dict[str, str]:
    """The tags that say what is looked for, and what searches."""
    return {
        t.OBJECTIVE: ", ".join(names),
        t.DIRECTION: ", ".join(directions),
        **{f"{t.SEARCH}{name}": value for name, value in search.items()},
    }
