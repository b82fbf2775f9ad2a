"""``@tracked_benchmark``: how fast a function is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast, overload

from ..decorate import decorator_for
from ..plan import Kind
from ..typed import Configured, Tracked
from .benchmark_options import BenchmarkOptions
from .sources import source_run

P = ParamSpec("P")
R = TypeVar("R")


def _drive(*call: Any) -> Any:
    from .measuring import drive  # noqa: PLC0415 - loaded when a benchmark runs

    return drive(*call)


BENCHMARK = Kind(
    "benchmark",
    parents=("training", "conversion"),
    options=BenchmarkOptions,
    drive=_drive,
    source=source_run,
)


class BenchmarkDecorator(Protocol):
    """A decorator for benchmarks, used bare or with options."""

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        warmup: int | None = None,
        repeat: int | None = None,
        budget: float | None = None,
        precision: float | None = None,
        batch_sizes: Sequence[int] = (),
        name: str | None = None,
        experiment: str | None = None,
        parent: object = None,
        tags: Mapping[str, str] | None = None,
        monitor: str | None = None,
        model: bool = False,
        per_call: Literal["run", "aggregate"] = "run",
    ) -> Configured: ...


tracked_benchmark = cast("BenchmarkDecorator", decorator_for(BENCHMARK))
