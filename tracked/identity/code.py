"""Rules for code: a function is where it stands and what it does.

What it does is its bytecode, constants, defaults and closure.  Comments, spaces and the place in the file do not
count, and neither does what the function merely calls.  A new minor version of Python does, and from 3.13 on a line
break within an expression may.
"""

from __future__ import annotations

import functools
import hashlib
import types
from typing import TYPE_CHECKING, Any

from ..naming import qualified_name
from .jcs import to_bytes

if TYPE_CHECKING:
    from .walk import Walk


def function(walk: Walk, value: types.FunctionType) -> Any:
    """Name, digest of the code, and what was bound when it was made.  A lambda has no name to be known by: weak."""
    name = qualified_name(value)
    said = {"code": _digest(walk, value.__code__), **_bound_at_definition(walk, value)}
    if value.__name__ == "<lambda>":
        return walk.weak(value, name, **said)
    return {"$function": name, **said}


def method(walk: Walk, value: types.MethodType) -> Any:
    """The object, and the function."""
    return {"$method": [walk(value.__self__), walk(value.__func__)]}


def builtin(walk: Walk, value: Any) -> Any:
    """A function written in C, or a method of a built-in object."""
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return {"$function": qualified_name(value)}
    return {"$method": [walk(owner), value.__name__]}


def partial(walk: Walk, value: functools.partial[Any]) -> Any:
    """The function, and the arguments it holds."""
    return {"$partial": [walk(value.func), walk.array(value.args), walk.mapping(value.keywords)]}


def code(walk: Walk, value: types.CodeType) -> Any:
    """Bytecode, names and constants, those of the code inside it too."""
    # A set among the constants has no order of its own, hence the canonical form.
    constants = walk.array(value.co_consts)
    names = [*value.co_names, "", *value.co_varnames, "", *value.co_freevars]
    return {"$code": [hashlib.sha256(value.co_code).hexdigest(), names, constants]}


def _digest(walk: Walk, value: types.CodeType) -> str:
    return hashlib.sha256(to_bytes(walk(value))).hexdigest()


def _bound_at_definition(walk: Walk, value: types.FunctionType) -> dict[str, Any]:
    bound = {
        "defaults": [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).items()],
        "closure": [_contents(cell) for cell in value.__closure__ or ()],
    }
    return {name: walk.array(items) for name, items in bound.items() if items}


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet filled
        return None
