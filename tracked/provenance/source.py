"""The tags that say what was run, by whom, and at which commit; read anew once a minute."""

from __future__ import annotations

import getpass
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache

from .. import tags as t
from ..kernels import shell_here
from .code import code_here

FRESH = 60.0
"""Seconds for which what was read is taken to hold: a notebook lives for days, and its code goes on."""
_READ: dict[str, tuple[float, dict[str, str]]] = {}


def source_tags(*, with_code: bool = True) -> dict[str, str]:
    """MLflow's own tags of the source, and of the commit where that is wanted."""
    return dict(_with_code() if with_code else _command())


def _with_code() -> dict[str, str]:
    now = time.monotonic()
    until, told = _READ.get("code", (0.0, {}))
    if now >= until:
        code = code_here()
        told = {t.GIT_COMMIT: code.commit, t.GIT_BRANCH: code.branch} if code else {}
        told = {**_command(), **{key: value for key, value in told.items() if value}}
        _READ["code"] = now + FRESH, told
    return told


@cache
def _command() -> dict[str, str]:
    notebook = notebook_in(os.environ)
    source = {
        t.MLFLOW_SOURCE_NAME: notebook or sys.argv[0] or "python",
        t.MLFLOW_SOURCE_TYPE: "NOTEBOOK" if notebook else "LOCAL",
    }
    # In some containers the user has no name.
    with suppress(KeyError, OSError, ImportError):
        source[t.MLFLOW_USER] = getpass.getuser()
    return source


def notebook_in(environ: Mapping[str, str]) -> str:
    """The notebook that this process is the kernel of, as far as anybody has said; empty if none is known."""
    if shell_here() is None:
        return ""
    main = vars(sys.modules["__main__"])
    # Visual Studio Code tells its kernels by a variable of the program, Jupyter by the environment.
    told = (
        main.get("__vsc_ipynb_file__") or environ.get("JPY_SESSION_NAME") or environ.get("COLAB_NOTEBOOK_ID")
    )
    return os.path.basename(str(told)) if told else ""  # noqa: PTH119 - the name alone
