"""``@tracked_conversion``: a model in another format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast, overload

from ..decorate import decorator_for
from ..plan import Kind
from ..typed import Configured, Tracked
from .conversion_options import ConversionOptions, read
from .sources import source_run

P = ParamSpec("P")
R = TypeVar("R")


def _drive(*call: Any) -> Any:
    from .converting import drive  # noqa: PLC0415 - loaded when a conversion runs

    return drive(*call)


CONVERSION = Kind(
    "conversion",
    parents=("training",),
    options=ConversionOptions,
    drive=_drive,
    read=read,
    source=source_run,
)


class ConversionDecorator(Protocol):
    """A decorator for conversions, used bare or with options."""

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        verify: Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]] | None = None,
        rtol: float = 1e-3,
        atol: float = 1e-5,
        name: str | None = None,
        experiment: str | None = None,
        parent: object = None,
        tags: Mapping[str, str] | None = None,
        monitor: str | None = None,
        model: bool = False,
        per_call: Literal["run", "aggregate"] = "run",
    ) -> Configured: ...


tracked_conversion = cast("ConversionDecorator", decorator_for(CONVERSION))
