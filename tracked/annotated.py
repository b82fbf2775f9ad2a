"""What the annotations of a function say of its result."""

from __future__ import annotations

import functools
import inspect
import typing
from typing import Any

from .foreign import annotations_of, answer
from .plan import Options


def result_hint(options: Options, function: Any) -> Any:
    """The annotation of what a call gives back; ``Any`` where there is none, or none that can be resolved."""
    given = options.gives(function)
    return _annotation(function) if given is None else given


def _annotation(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not (inspect.isroutine(function) or isinstance(function, type)):
        function = type(function).__call__
    found = annotations_of(function)
    return _return_alone(function) if found is None else found.get("return", Any)


def _return_alone(function: Any) -> Any:
    """The annotation of the result, where that of an argument is only for type checkers."""
    text = getattr(function, "__annotations__", {}).get("return", Any)
    alone = type("Alone", (), {"__annotations__": {"result": text}})
    scope = getattr(function, "__globals__", {})
    return answer(lambda: typing.get_type_hints(alone, scope, include_extras=True)["result"], Any)
