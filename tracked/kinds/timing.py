"""Calling a function again and again: until when, and what the times say."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..guard import guard

ENOUGH = 30
"""No mean is trusted before this many samples, however much alike they are."""
_Z95 = 1.96


@dataclass(frozen=True)
class Rules:
    """When timing ends.

    Attributes:
        warmup: calls before those that count.
        repeat: calls that count, at most.
        budget: seconds in all, at most; the call that is being made is always finished.
        precision: half of the 95 % confidence interval of the mean, in parts of the mean, that is narrow enough.
    """

    warmup: int = 1
    repeat: int = 1000
    budget: float = 10.0
    precision: float = 0.02


@dataclass
class Samples:
    """Times of single calls in milliseconds, with their mean and how well it is known, at each moment."""

    ms: list[float] = field(default_factory=list)
    mean: float = 0.0
    _squares: float = 0.0

    def add(self, ms: float) -> None:
        """Take one more, by Welford's method: no sum of squares that loses its digits."""
        self.ms.append(ms)
        before = ms - self.mean
        self.mean += before / len(self.ms)
        self._squares += before * (ms - self.mean)

    @property
    def stdev(self) -> float:
        """Standard deviation; 0 where there is one sample."""
        return math.sqrt(self._squares / (len(self.ms) - 1)) if len(self.ms) > 1 else 0.0

    @property
    def interval(self) -> float:
        """Half of the 95 % confidence interval of the mean."""
        return _Z95 * self.stdev / math.sqrt(len(self.ms))

    def summary(self) -> dict[str, float]:
        """What is told of them, in milliseconds."""
        at = {f"p{q}": percentile(sorted(self.ms), q) for q in (50, 90, 95, 99)}
        spread = {"min": min(self.ms), "max": max(self.ms), "stdev": self.stdev, "ci95": self.interval}
        return {"mean": self.mean, **at, **spread}


class Stopwatch:
    """Times one call, again and again.

    What the call raises goes through; the samples until then are kept, and so is what it returned before.
    """

    def __init__(self, call: Callable[[], Any], rules: Rules) -> None:
        self.call, self.rules = call, rules
        self.samples = Samples()
        self.until = time.monotonic() + rules.budget
        self.result: Any = None
        """What the last call returned."""
        self.stopped = ""
        """Why no further call is made."""

    def measure(self, seconds: float) -> None:
        """Warm up and repeat.  Where the warm-up takes all the time there is, its last call is the one sample."""
        self.until = time.monotonic() + seconds
        for _ in range(self.rules.warmup):
            self.once()
            if self.stopped == "budget":
                return
            self.restart()
        self.go_on()

    def go_on(self) -> None:
        """Call until there is a reason to stop."""
        while not self.stopped:
            self.once()

    def restart(self) -> None:
        """What was measured until now was the warm-up."""
        self.samples, self.stopped = Samples(), ""

    def once(self) -> None:
        """One call, timed."""
        _synchronise()
        begun = time.perf_counter_ns()
        result = self.call()
        _synchronise()
        self.samples.add((time.perf_counter_ns() - begun) / 1e6)
        self.result = result
        self.stopped = self._reason()

    def _reason(self) -> str:
        n = len(self.samples.ms)
        if time.monotonic() >= self.until:
            return "budget"
        if n >= self.rules.repeat:
            return "repeat"
        narrow = self.rules.precision * self.samples.mean
        return "precision" if n >= ENOUGH and self.samples.interval <= narrow else ""


def percentile(ordered: Sequence[float], q: float) -> float:
    """The q-th percentile of sorted values, interpolated between neighbours as NumPy does by default."""
    at = (len(ordered) - 1) * q / 100
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def _synchronise() -> None:
    """Wait for the GPU, where the function may have left work on one: torch is asked if it is there, never loaded."""
    torch = sys.modules.get("torch")
    if torch is not None:
        with guard:
            if torch.cuda.is_available() and torch.cuda.is_initialized():
                torch.cuda.synchronize()
