"""``@tracked_sweep``: a search for the best hyperparameters, a run for each trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, Protocol, TypeVar, cast, overload

from ..call import Call
from ..decorate import decorator_for
from ..plan import Kind
from ..shapes import kinds
from ..typed import Tracked
from .sweep_options import SweepOptions
from .sweep_values import Sweep

if TYPE_CHECKING:
    import optuna

Given = ParamSpec("Given")
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


def _drive(*call: Any) -> Any:
    from .sweeping import drive  # noqa: PLC0415 - loaded when a sweep runs

    return drive(*call)


def _begin(*call: Any) -> Any:
    from .sweeping import begin  # noqa: PLC0415 - as above

    return begin(*call)


def _conclude(*call: Any) -> None:
    from .sweeping import conclude  # noqa: PLC0415 - as above

    conclude(*call)


def _identify(
    call: Call, inherited: Mapping[str, str], space: Mapping[str, Any] | None = None
) -> Mapping[str, str]:
    from .sweeping import identify  # noqa: PLC0415 - as above

    return identify(call, inherited, space)


def _read(result: Any) -> Any:
    """What a sweep or study has found was noted already."""
    is_read = isinstance(result, Sweep) or "optuna.Study" in kinds(type(result))
    return None if is_read else result


SWEEP = Kind(
    "hpo",
    identify=_identify,
    read=_read,
    drive=_drive,
    conclude=_conclude,
    begin=_begin,
    supplies=("trial",),
    is_described=True,
)


class SweepDecorator(Protocol[Given]):
    """A decorator whose function or method takes a ``trial`` and becomes a whole sweep, or owns its own loop."""

    @overload  # as in `Decorator`
    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> SweepDecorator[[NoReturn]]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, fn: Callable[Concatenate[optuna.Trial, P], Any], /) -> Tracked[P, Sweep]: ...
    @overload
    def __call__(
        self, fn: Callable[Concatenate[S, optuna.Trial, P], Any], /
    ) -> Tracked[Concatenate[S, P], Sweep]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...


def _typed(options: Callable[Given, SweepOptions]) -> SweepDecorator[Given]:
    return cast("SweepDecorator[Given]", decorator_for(SWEEP, options))


tracked_sweep = _typed(SweepOptions)
