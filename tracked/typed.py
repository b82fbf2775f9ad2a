"""Decorators and what they make, as type checkers see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, Protocol, TypeVar, cast, overload

from .plan import Kind, Options

if TYPE_CHECKING:
    from .explaining import Verdict

P = ParamSpec("P")
Given = ParamSpec("Given")
"""The options of a decorator: how the class of them is called."""
Usual = ParamSpec("Usual")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")


class Tracked(Protocol[P, R_co]):
    """A decorated function, as type checkers see it: the function itself, with a few more attributes."""

    __name__: str
    __qualname__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function inside a run of its own."""
        ...

    def untracked(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function itself, without a run."""
        ...

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The key by which this call is recognised: 64 hex digits."""
        ...

    def find(self, *args: P.args, **kwargs: P.kwargs) -> list[Any]:
        """The runs of this very call, the newest first, as MLflow's objects."""
        ...

    def runs(self) -> list[Any]:
        """All runs of this function, the newest first, as MLflow's objects."""
        ...

    def explain(self, *args: P.args, **kwargs: P.kwargs) -> Verdict:
        """Whether this call would be reused, and why; as text, a few lines."""
        ...

    def submit(
        self,
        ml_client: Any = None,
        *,
        compute: str = "",
        environment: Any = None,
        inputs: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        code: Any = None,
        early_termination: Mapping[str, Any] | None = None,
        **job: Any,
    ) -> Any:
        """Make this call in a job of Azure ML: the job, or with ``dry_run`` its YAML."""
        ...

    # First what a classmethod asks with: it takes the class away.
    @overload
    def __get__(
        self: Tracked[Concatenate[type[Any], Q], R_co], instance: object, owner: type[Any]
    ) -> Tracked[Q, R_co]: ...
    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Tracked[P, R_co]: ...
    @overload
    def __get__(
        self: Tracked[Concatenate[S, Q], R_co], instance: S, owner: type[Any] | None = None
    ) -> Tracked[Q, R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Tracked[P, R_co]: ...


class Decorator(Protocol[Given]):
    """A decorator that is used bare or with options."""

    # Options are given by name and a function is not: no call fits both.  Whoever has given options gives no others.
    @overload
    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Decorator[[NoReturn]]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...


class DecoratorFor(Protocol[Usual]):
    """``decorator_for``, whose decorators have the options ``Usual`` where no others are named."""

    @overload
    def __call__(self, kind: Kind) -> Decorator[Usual]: ...
    @overload
    def __call__(self, kind: Kind, options: Callable[Given, Options]) -> Decorator[Given]: ...


def with_options(
    _usual: Callable[Usual, Options],
) -> Callable[[Callable[[Kind, type[Options]], Any]], DecoratorFor[Usual]]:
    """Type ``decorator_for``: a decorator has the options that its class of options is made with."""
    return lambda function: cast("DecoratorFor[Usual]", function)
