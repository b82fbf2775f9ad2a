"""What a benchmark may be told."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..plan import Options
from ..shells import is_lazy

BATCH_SIZE = "batch_size"
_TIMING = ("warmup", "repeat", "budget", "precision")


@dataclass(frozen=True, kw_only=True)
class BenchmarkOptions(Options):
    """Options of a benchmark.

    With any of its own options the function is called again and again in one run and timed: first ``warmup`` calls
    that do not count, then calls until their mean is known to ``precision``, ``repeat`` are made or ``budget`` is
    spent.  The caller gets what the last call returned; what a call raises goes through.

    Without them the function is called once.  If it returns a mapping (or a dataclass and the like), it has measured by
    itself: that is logged, and nothing else.  Otherwise that call was the warm-up, and more are
    made and timed until a second has passed in all; should one of them fail, timing ends and the caller gets what
    the last good one returned.
    ``repeat=1, warmup=0`` times the one call.  A coroutine or generator function runs once, untimed.

    An argument ``batch_size`` also gives samples per second.

    Attributes:
        warmup: calls before those that count; 1 by default.
        repeat: calls that count, at most; 1000 by default.
        budget: seconds in all, for all batch sizes together, at most; 10 by default.  A call is never cut short.
        precision: half of the 95 % confidence interval of the mean, as a part of the mean, that is narrow enough;
            0.02 by default.  It is looked at from 30 calls on; 0 makes it ``repeat`` calls or the whole budget.
        batch_sizes: values for the argument ``batch_size``, one after the other; a call that gives one itself
            times that one only.
    """

    warmup: int | None = None
    repeat: int | None = None
    budget: float | None = None
    precision: float | None = None
    batch_sizes: Sequence[int] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("warmup", 0), ("repeat", 1)):
            value = self.rules.get(name, least)
            self._check(name, type(value) is int and value >= least, f"a whole number from {least} on")
        for name in ("budget", "precision"):
            value = self.rules.get(name, 0)
            self._check(name, type(value) in (int, float) and value >= 0, "a number from 0 on")
        sizes: Any = self.batch_sizes
        is_list = isinstance(sizes, Sequence) and all(type(n) is int and n >= 1 for n in sizes)
        self._check("batch_sizes", is_list, "a list of whole numbers from 1 on")
        object.__setattr__(self, "batch_sizes", tuple(dict.fromkeys(sizes)))

    @property
    def rules(self) -> dict[str, Any]:
        """The rules of timing that were given."""
        given = {name: getattr(self, name) for name in _TIMING}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def is_asked(self) -> bool:
        """Whether timing was asked for."""
        return bool(self.rules or self.batch_sizes)

    def fits(self, fn: Any) -> None:
        """Refuse what cannot be timed as asked.

        Raises:
            ConfigError: a coroutine or generator function, or one without ``batch_size`` to vary.
        """
        super().fits(fn)
        if self.is_asked and is_lazy(fn):
            raise ConfigError(
                f"only plain functions are timed: {fn.__name__} only makes an object that works later"
            )
        fn = getattr(fn, "__func__", fn)
        if self.batch_sizes and BATCH_SIZE not in inspect.signature(fn).parameters:
            raise ConfigError(
                f"batch_sizes are tried as the argument {BATCH_SIZE!r}, which {fn.__name__} has not"
            )
