"""The one place where what others' code raises is caught: that of the user's objects and of their libraries.

A property, a ``__str__``, an annotation or a figure's ``savefig`` may raise anything, so that no narrower class would
do.  Failures of our own are caught by ``guard``, and said there.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Attempt(NamedTuple):
    """What came of asking."""

    value: Any = None
    error: Exception | None = None
    """What was raised, if anything was."""


def attempted(ask: Callable[[], object]) -> Attempt:
    """What it gives, or what it raises."""
    try:
        return Attempt(ask())
    except Exception as error:  # noqa: BLE001 - see the module's docstring
        return Attempt(error=error)


def answer(ask: Callable[[], T], otherwise: T) -> T:
    """What it gives; ``otherwise`` where it raises."""
    found = attempted(ask)
    return otherwise if found.error is not None else found.value


def annotations_of(annotated: Any) -> Mapping[str, Any] | None:
    """The annotations of a function or class, resolved and with what is ``Annotated``; None if one cannot be."""
    return answer(lambda: typing.get_type_hints(annotated, include_extras=True), None)


def text_of(error: BaseException) -> str:
    """What an exception says of itself; nothing, if it cannot even do that."""
    return answer(lambda: str(error).strip(), "")


def told(error: BaseException, longest: int = 300) -> str:
    """The class of an exception, and the first line of what it says."""
    first = text_of(error).partition("\n")[0][:longest]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
