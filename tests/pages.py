"""Code of pages, run as a program each, without waiting for MLflow to load: in forks of a process that has it."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import traceback
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

PATIENCE = 300.0
"""Seconds that a busy machine is given for a page."""
WARM = ["mlflow", "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store", "optuna", "sklearn.datasets"]


class Done(NamedTuple):
    """How a program has ended, and what it said on stderr."""

    returncode: int | None
    stderr: str


def run(code: str, **environ: str) -> Done:
    """Run this as a person's program in the current folder."""
    log = Path.cwd() / "stderr.log"
    program = _warm().Process(target=_run, args=(code, str(Path.cwd()), {**os.environ, **environ}, str(log)))
    program.start()
    program.join(PATIENCE)
    if program.is_alive():
        program.kill()
        program.join()
    return Done(program.exitcode, log.read_text(encoding="utf-8"))


@cache
def _warm() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(WARM)
    return context


def _run(code: str, folder: str, environ: dict[str, str], log: str) -> None:
    with Path(log).open("wb") as stream:
        os.dup2(stream.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    program = sys.modules["__main__"] = ModuleType("__main__")
    try:
        exec(compile(code, "page.py", "exec"), vars(program))
    except BaseException:  # noqa: BLE001 - whatever ends the program
        traceback.print_exc()
        sys.exit(1)
    finally:
        atexit._run_exitfuncs()  # a child of multiprocessing leaves them out, and a program does not
