"""What every test owes its reader."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent


def test_every_test_states_its_promise() -> None:
    """Each test begins with a sentence that says what it holds."""
    assert [] == [
        f"{path.relative_to(HERE)}: {test.name}" for path, test in _tests() if not ast.get_docstring(test)
    ]


def _tests() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(HERE.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield path, node
