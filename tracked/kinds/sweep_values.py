"""What comes out of a sweep, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..run import Run
from ..shapes import NOT_STORED

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]


@dataclass(frozen=True)
class Trial:
    """One trial that has ended.

    Attributes:
        number: its number in the study, from 0 on.
        params: the hyperparameters that were suggested.
        values: the objectives, in the order in which they were named; of a pruned trial the last one that it
            reported, of a failed one nothing.
        state: complete, pruned or failed.
        metrics: the last value of every metric that was returned or logged in its run.
        run: its run.
        constraints: how far it is from keeping each constraint; above 0 it does not.
    """

    number: int
    params: Mapping[str, Any]
    values: tuple[float, ...]
    state: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    run: Run | None = field(default=None, compare=False)
    constraints: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The first objective."""
        return self.values[0] if self.values else None

    @property
    def is_feasible(self) -> bool:
        """Whether it keeps all constraints."""
        return all(value <= 0 for value in self.constraints.values())


@dataclass(frozen=True)
class Sweep:
    """What a sweep gives back.

    Attributes:
        run: the run of the sweep; its children are the trials.
        trials: every trial of this call, in the order of their numbers.
        best: the best complete trial that keeps all constraints; of several objectives the first decides; None if
            there is none.
        pareto: the trials that no other one beats in every objective; with one objective, the best and its equals.
        objectives: names of what was optimised, in the order of a trial's ``values``.
    """

    run: Run
    trials: Sequence[Trial] = ()
    best: Trial | None = None
    pareto: Sequence[Trial] = ()
    objectives: Sequence[str] = ()
    left: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    again: Callable[[Sequence[Mapping[str, Any]]], Sweep] | None = field(
        default=None, repr=False, compare=False, metadata=NOT_STORED
    )

    def missing(self) -> list[dict[str, Any]]:
        """What is still to be tried: one mapping of hyperparameters for each trial.

        Of a grid these are the cells in which no trial was finished.  Else there are as many as are missing of
        ``n_trials``: failed trials with what they tried, and an empty mapping for each that never began.  A pruned
        trial is finished.
        """
        return [dict(params) for params in self.left]

    def retry_failed(self) -> Sweep:
        """Try the failed trials again, each with the hyperparameters that it had, and give back all that is known then.

        They are new trials under the run of this sweep, which is open meanwhile.  What one of them raises ends this
        as it would end the sweep; ``catch`` counts.
        """
        done = [trial.params for trial in self.trials if trial.state != "failed"]
        failed = [trial.params for trial in self.trials if trial.state == "failed"]
        points = [point for n, point in enumerate(failed) if point not in (*done, *failed[:n])]
        return self.again(points) if self.again and points else self

    def to_pandas(self) -> pd.DataFrame:
        """A row for each trial: number, state, objectives, ``params.*``, and other metrics as ``metrics.*``."""
        import pandas as pd  # noqa: PLC0415 - only who asks pays

        return pd.DataFrame([self._row(trial) for trial in self.trials])

    def _row(self, trial: Trial) -> dict[str, Any]:
        return {
            "number": trial.number,
            "state": trial.state,
            **dict(zip(self.objectives, trial.values, strict=False)),
            **{f"params.{name}": value for name, value in trial.params.items()},
            **{f"metrics.{k}": v for k, v in trial.metrics.items() if k not in self.objectives},
        }

    def _repr_html_(self) -> str:
        from ..cards import of_sweep  # noqa: PLC0415 - only a notebook asks

        return of_sweep(self)

    def __repr__(self) -> str:
        states = Counter(trial.state for trial in self.trials)
        counts = ", ".join(f"{count} {state}" for state, count in states.items()) or "no trials"
        return f"Sweep({self.run.name}: {counts}; {self._best_shown()})"

    def _best_shown(self) -> str:
        if self.best is None:
            return "no best"
        values = ", ".join(f"{n}={v:.4g}" for n, v in zip(self.objectives, self.best.values, strict=False))
        params = ", ".join(
            f"{n}={v:.4g}" if isinstance(v, float) else f"{n}={v!r}" for n, v in self.best.params.items()
        )
        front = f", {len(self.pareto)} on the front" if len(self.objectives) > 1 else ""
        return f"best {values} in trial {self.best.number} ({params}){front}"
