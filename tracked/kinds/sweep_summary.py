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
from ..notes import values
from ..ports import Told
from ..run import Run

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
        names: of the objectives.
        states: of its trials.
        best: the best trial.
        metrics: of the best trial, beside its objectives.
        front: numbers of the trials that no other one beats, if there are several objectives.
        space: what was chosen from.
    """

    names: Sequence[str]
    states: Sequence[str]
    best: Told | None
    space: Space
    metrics: Mapping[str, float] = field(default_factory=dict)
    front: Sequence[int] = ()

    def write(self, run: Run) -> None:
        """Counts, best and space, as metrics, params, tags and an artifact of the sweep's run."""
        states = Counter(self.states)
        run.log({"n_trials": len(self.states), **{f"n_{s}_trials": states[s] for s in STATES}})
        run.story.findings += self._found(states)
        if self.best is not None:
            run.params({f"best_{name}": value for name, value in self.best.params.items()})
            run.log({k: v for k, v in self.metrics.items() if k not in self.names})
            run.tag({t.BEST_TRIAL_NUMBER: self.best.number})
        if self.front:
            run.tag({t.PARETO: ", ".join(map(str, self.front))})
        if self.space:
            written = self.space.to_json()
            run.artifact(written, "search_space.json")
            run.tag({t.SEARCH_SPACE: hashlib.sha256(written).hexdigest()})

    def _found(self, states: Counter[str]) -> Iterator[str]:
        """What the description says: the best, and how the trials ended."""
        counted = ", ".join(f"{states[state]} {state}" for state in STATES if states[state]) or "none ended"
        trials = f"{len(self.states)} trials ({counted})"
        if self.best is None:
            yield f"{trials}, and none is the best"
        else:
            reached = values(dict(zip(self.names, self.best.values, strict=False)))
            chosen = f" with {values(self.best.params)}" if self.best.params else ""
            yield f"Best of {trials}: trial {self.best.number}, {reached}{chosen}"
        if self.front:
            yield f"No other trial beats: {', '.join(map(str, self.front))}"


def about(names: Sequence[str], directions: Sequence[str], search: Mapping[str, str]) -> dict[str, str]:
    """The tags that say what is looked for, and what searches."""
    return {
        t.OBJECTIVE: ", ".join(names),
        t.DIRECTION: ", ".join(directions),
        **{f"{t.SEARCH}{name}": value for name, value in search.items()},
    }
