"""Decorators and what they make, as type checkers see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, overload

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")


class Tracked(Protocol[P, R_co]):
    """A decorated function, as type checkers see it: the function itself, with three more attributes."""

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


class Decorator(Protocol):
    """A decorator that is used bare or with options."""

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        name: str | None = None,
        experiment: str | None = None,
        parent: object = None,
        tags: Mapping[str, str] | None = None,
        monitor: str | None = None,
        model: bool = False,
        per_call: Literal["run", "aggregate"] = "run",
    ) -> Configured: ...


class Configured(Protocol):
    """A decorator whose options are given."""

    def __call__(self, fn: Callable[P, R], /) -> Tracked[P, R]:
        """Decorate the function."""
        ...
