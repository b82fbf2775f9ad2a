"""What a function does, by its source: its own, and that of all of the project that it uses.

The source counts as it is parsed: comments, docstrings, spaces, line breaks and our decorators do not.  A function or
class is of the project if its file is neither of Python nor of an installed package, or if it has no file, as in a
notebook.  Names are followed as Python would find them: globals, ``module.name``, what the function holds of the one
that it is made in, and ``self.method``.  What is looked up by a text, or given as an argument, is not.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import sysconfig
import textwrap
import types
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from ..naming import qualified_name
from .jcs import to_bytes
from .walk import Walk

_OURS = __name__.partition(".")[0]
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class _Source(NamedTuple):
    """One function or class."""

    digest: str
    names: tuple[str, ...]
    """What it refers to: ``name``, or ``name.attribute``."""


_READ: WeakKeyDictionary[Any, _Source] = WeakKeyDictionary()
"""By function or class: what runs stays what it was, whatever becomes of its file."""


def code_used_by(fn: Any) -> dict[str, str]:
    """Digests by name of the function and of every function and class of the project that it uses, at any depth."""
    found: dict[str, str] = {}
    left, seen = [_bare(fn)], set[int]()
    while left:
        used = left.pop()
        if id(used) not in seen:
            seen.add(id(used))
            source = _source_of(used)
            found[qualified_name(used)] = source.digest
            left += [one for name in source.names for one in _meant(name, used)]
    return found


def _bare(value: Any) -> Any:
    """The function or class behind partials, methods and wrappers; for another object, its class."""
    while True:
        inner = value.func if isinstance(value, partial) else getattr(value, "__func__", None)
        inner = inner or getattr(value, "__wrapped__", None)
        if inner is None:
            return value if isinstance(value, type | types.FunctionType) else type(value)
        value = inner


def _source_of(used: Any) -> _Source:
    if used not in _READ:
        _READ[used] = _read(used)
    return _READ[used]


def _read(used: Any) -> _Source:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(used)))
    except (OSError, TypeError, SyntaxError):
        # Typed into a bare interpreter, made by `exec`, or a lambda in the middle of something: by its bytecode.
        code = getattr(used, "__code__", None)
        digest = hashlib.sha256(to_bytes(Walk()(code) if code else qualified_name(used))).hexdigest()
        return _Source(digest, tuple(code.co_names) if code else ())
    plain = _Plain(used).visit(tree)
    return _Source(
        hashlib.sha256(ast.unparse(plain).encode()).hexdigest(), tuple(dict.fromkeys(_names(plain)))
    )


class _Plain(ast.NodeTransformer):
    """Takes away what does not say what a function does."""

    def __init__(self, used: Any) -> None:
        self._used = used

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.decorator_list = [d for d in node.decorator_list if not self._is_ours(d)]
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        return node

    def _is_ours(self, decorator: ast.expr) -> bool:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        return any(
            _module_of(one).partition(".")[0] == _OURS for one in _values(ast.unparse(node), self._used)
        )


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Name):
            yield node.id


def _meant(name: str, used: Any) -> Iterator[Any]:
    """The functions and classes of the project that are called so there."""
    for value in _values(name, used):
        if callable(value) and not isinstance(value, types.BuiltinFunctionType):
            one = _bare(value)
            if _is_of_project(one):
                yield one


def _values(name: str, used: Any) -> Iterator[Any]:
    """What a name, or a chain of names through modules and classes, stands for in this function or class."""
    first, *rest = name.split(".")
    for value in _called(first, used, of_owner=bool(rest)):
        found: Any = value
        for attribute in rest:
            if not isinstance(found, types.ModuleType | type):
                return
            found = inspect.getattr_static(found, attribute, None)
        yield found


def _called(name: str, used: Any, *, of_owner: bool) -> Iterator[Any]:
    scope = _globals_of(used)
    held = dict(zip(_free(used), getattr(used, "__closure__", None) or (), strict=False))
    if name in held:
        yield _contents(held[name])
    elif of_owner and name in ("self", "cls"):
        yield from (owner for owner in _owners(used, scope))
    elif name in scope:
        yield scope[name]


def _free(used: Any) -> tuple[str, ...]:
    code = getattr(used, "__code__", None)
    return code.co_freevars if code else ()


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet filled
        return None


def _owners(used: Any, scope: Mapping[str, Any]) -> Iterator[type]:
    """The class that the method stands in."""
    if isinstance(used, type):
        yield used
        return
    found: Any = None
    for part in used.__qualname__.split(".")[:-1]:
        found = scope.get(part) if found is None else inspect.getattr_static(found, part, None)
    if isinstance(found, type):
        yield found


def _globals_of(used: Any) -> Mapping[str, Any]:
    return getattr(used, "__globals__", None) or getattr(sys.modules.get(used.__module__), "__dict__", {})


def _module_of(value: Any) -> str:
    module = getattr(value, "__module__", None)
    return module if isinstance(module, str) else ""


def _is_of_project(used: Any) -> bool:
    if _module_of(used).partition(".")[0] in (_OURS, "builtins"):
        return False
    try:
        file = inspect.getsourcefile(used)
    except TypeError:
        return isinstance(used, types.FunctionType)
    return file is None or _is_of_projects(file)


@cache
def _is_of_projects(file: str) -> bool:
    path = Path(file)
    python = [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "platstdlib")]
    return not (_INSTALLED & set(path.parts) or any(path.is_relative_to(place) for place in python))
