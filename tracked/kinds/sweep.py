"""``@tracked_sweep``: a search for the best hyperparameters, a run for each trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from ..call import Call
from ..decorate import decorator_for
from ..plan import Kind
from ..shapes import kinds
from ..typed import Tracked
from .sweep_options import SweepOptions
from .sweep_values import Sweep, Trial

if TYPE_CHECKING:
    import optuna

P = ParamSpec("P")
R = TypeVar("R")


def _drive(*call: Any) -> Any:
    from .sweeping import drive  # noqa: PLC0415 - loaded when a sweep runs

    return drive(*call)


def _identify(call: Call, inherited: Mapping[str, str]) -> Mapping[str, str]:
    from .sweeping import identify  # noqa: PLC0415 - as above

    return identify(call, inherited)


def _read(result: Any) -> Any:
    """What a sweep or study has found was noted already."""
    is_read = isinstance(result, Sweep) or "optuna.Study" in kinds(type(result))
    return None if is_read else result


SWEEP = Kind("hpo", identify=_identify, read=_read, options=SweepOptions, drive=_drive, supplies=("trial",))


class SweepDecorator(Protocol):
    """A decorator whose function either takes a ``trial`` and becomes a whole sweep, or owns its own loop."""

    @overload
    def __call__(self, fn: Callable[Concatenate[optuna.Trial, P], Any], /) -> Tracked[P, Sweep]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        n_trials: int | None = None,
        maximize: str | Sequence[str] = (),
        minimize: str | Sequence[str] = (),
        seed: int | None = None,
        sampler: Any = None,
        pruner: Any = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: type[BaseException] | Sequence[type[BaseException]] = (),
        callbacks: Callable[[Sweep, Trial], object] | Sequence[Callable[[Sweep, Trial], object]] = (),
        storage: Any = None,
        study_name: str | None = None,
        name: str | None = None,
        experiment: str | None = None,
        parent: object = None,
        tags: Mapping[str, str] | None = None,
        monitor: str | None = None,
    ) -> ConfiguredSweep: ...


class ConfiguredSweep(Protocol):
    """A sweep decorator whose options are given."""

    @overload
    def __call__(self, fn: Callable[Concatenate[optuna.Trial, P], Any], /) -> Tracked[P, Sweep]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...


tracked_sweep = cast("SweepDecorator", decorator_for(SWEEP))
