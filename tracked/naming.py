"""Names that last: of runs, and of functions and classes."""

from __future__ import annotations

import sys
from pathlib import PurePath
from typing import Any

MAX_RUN_NAME = 250
"""Characters that every store takes."""

_SCRIPTS = ("__main__", "__mp_main__")


def run_name(
    function_name: str, stage: str = "", call_key: str | None = None, trial_number: int | None = None
) -> str:
    """The name under which people see a run: ``trial-3``, else ``train-4f2a91``, else ``train``.

    It has at most 250 characters, no control characters, and is never empty.
    """
    if trial_number is not None:
        return f"trial-{trial_number}"
    key = f"-{call_key[:6]}" if call_key else ""
    name = _printable(function_name) or _printable(stage) or "run"
    return name[: MAX_RUN_NAME - len(key)] + key


def _printable(text: str) -> str:
    """Without control characters and lone surrogates, which some stores refuse and terminals obey."""
    return "".join(c for c in text if c.isprintable()).strip()


def qualified_name(thing: Any) -> str:
    """``module.qualname`` of a class or function, the same from a script as from its import.

    What ``python train.py`` defines lives in ``__main__``, and in ``train`` for whoever imports it; both are
    called ``train.…`` here, so that a key does not depend on how the program was started.
    """
    name = (
        getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__qualname__
    )
    module = getattr(thing, "__module__", None)
    if not isinstance(module, str) or module == "builtins":
        return str(name)
    return f"{_import_name(module)}.{name}"


def _import_name(module: str) -> str:
    """The name that an import would give the module."""
    if module not in _SCRIPTS:
        return module
    main = sys.modules.get(module)
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name not in _SCRIPTS:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    # A notebook and ``python -c`` have no file, and what is read from a pipe has none that lasts.
    return PurePath(file).stem if file and not file.startswith("<") else "__main__"
