"""Modules, and names of a package, that are imported when they are wanted for the first time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


class Later:
    """Stands for a module among the names of another one, until it is used; from then on the module itself does.

    ``import tracked`` does not pay for the module, as with an import statement in a function.  That, however, costs a
    microsecond at each call, and this costs nothing.

    Args:
        names: the ``globals()`` of the module that uses it.
        name: what it is called there.
        module: its full name.
    """

    def __init__(self, names: dict[str, Any], name: str, module: str) -> None:
        self._names, self._name, self._module = names, name, module

    def __getattr__(self, attribute: str) -> Any:
        module = self._names[self._name] = import_module(self._module)
        return getattr(module, attribute)


def looked_up(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package (PEP 562); what was asked for once is there from then on.

    Args:
        package: name of the package.
        homes: by public name, the module below it that the name is in, or that it is the name of.
    """
    names = vars(sys.modules[package])

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = import_module(f"{package}.{homes[name]}")
        names[name] = home if homes[name] == name else getattr(home, name)
        return names[name]

    return found, lambda: sorted({*names, *homes})
