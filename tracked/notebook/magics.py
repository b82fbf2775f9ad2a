"""``%tracked`` and ``%%tracked``.

A ``%%tracked`` cell is compiled with all of its statements in a ``with track.run(...)``: lines, tracebacks, ``await``
and the last value stay what they are.
"""

from __future__ import annotations

import ast
import os
from typing import Any

from IPython.core.error import UsageError

from .. import session as sessions
from ..errors import RunNotFound
from ..finding import find_mlflow_runs
from ..found import Runs
from . import cells
from .cells import MARK
from .live import Live

NAME = "tracked"
_OFF = "TRACKED_DISABLED"


def register(shell: Any, live: Live) -> None:
    """Give the shell both magics."""
    unregister(shell)
    shell.register_magic_function(_Magic(live), "line_cell", NAME)
    shell.input_transformers_cleanup.append(marked)
    shell.ast_transformers.append(Wrapping())


def unregister(shell: Any) -> None:
    """Take them away, if they are there."""
    for kind in shell.magics_manager.magics.values():
        kind.pop(NAME, None)
    if marked in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(marked)
    shell.ast_transformers[:] = [one for one in shell.ast_transformers if not isinstance(one, Wrapping)]


class _Magic:
    """``%tracked``: the last run; ``runs``: those of the experiment; ``off`` and ``on``: record nothing, or again.

    ``%%tracked [kind] name`` on the first line of a cell makes the cell a run; behind that may stand
    ``--on-existing resume`` or ``error``, ``--experiment NAME``, ``--tag NAME=VALUE`` and ``--param NAME=VALUE``.
    """

    __name__ = NAME

    def __init__(self, live: Live) -> None:
        self._live = live
        self.__doc__ = type(self).__doc__

    def __call__(self, line: str, cell: str | None = None) -> Any:
        if cell is not None:
            raise UsageError(f"{MARK} stands on the first line of a cell, before any other magic")
        verbs = {"": self._last, "runs": _runs, "off": _off, "on": _on}
        verb = verbs.get(line.strip())
        if verb is None:
            raise UsageError(f"%{NAME} {line}: there are {', '.join(f'%{NAME} {v}'.strip() for v in verbs)}")
        return verb()

    def _last(self) -> Any:
        if self._live.last is not None:
            return self._live.last
        session = sessions.current()
        return _Said(f"no run yet; they go to {session.shown_uri} (experiment {session.experiment})")


class _Said(str):
    """A sentence that a notebook shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _runs() -> list[Any]:
    try:
        return find_mlflow_runs()
    except RunNotFound:  # no experiment yet
        return Runs()


def _off() -> _Said:
    os.environ[_OFF] = "1"
    return _Said("nothing is tracked until %tracked on; what is decorated meanwhile stays a plain function")


def _on() -> _Said:
    os.environ.pop(_OFF, None)
    session = sessions.current()
    return _Said(f"runs go to {session.shown_uri} (experiment {session.experiment})")


def marked(lines: list[str]) -> list[str]:
    """The lines of a cell, with its ``%%tracked`` as a text that Python can read."""
    if lines and lines[0].split()[:1] == [MARK]:
        return [f"{lines[0].strip()!r}\n", *lines[1:]]
    return lines


class Wrapping(ast.NodeTransformer):
    """Puts the statements of a marked cell into a block that is a run."""

    def visit(self, node: ast.AST) -> Any:
        """The cell as it is compiled."""
        if not isinstance(node, ast.Module) or not node.body or not _is_mark(node.body[0]):
            return node
        mark, *body = node.body
        if body and isinstance(body[-1], ast.Expr):
            shown = ast.parse("__import__('sys').displayhook(0)").body[0]
            shown.value.args = [body[-1].value]  # type: ignore[attr-defined]
            body[-1] = ast.copy_location(shown, body[-1])
        block = ast.parse(f"with __import__({cells.__name__!r}, fromlist=['cell']).cell(0): pass").body[0]
        block.items[0].context_expr.args = [mark.value]  # type: ignore[attr-defined]
        block.body = body or block.body  # type: ignore[attr-defined]
        node.body = [ast.copy_location(block, mark)]
        return ast.fix_missing_locations(node)


def _is_mark(node: ast.stmt) -> bool:
    value = getattr(getattr(node, "value", None), "value", None)
    return isinstance(node, ast.Expr) and isinstance(value, str) and value.split()[:1] == [MARK]
