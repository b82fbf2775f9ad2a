"""The reference says what the code says: its pages are current, and no public name is missing."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

import tracked
import tracked_command
from tests.test_public import BLOCK
from tracked import errors, testing

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
HEADING = re.compile(r"^### (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def make() -> Iterator[ModuleType]:
    """The script that makes the pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module("make")


@pytest.mark.parametrize("page", ["api.md", "commands.md"])
def test_the_reference_is_current(make: ModuleType, page: str) -> None:
    """What stands there is what the code says now; `make docs` brings it up to date."""
    assert make.pages()[page] == (FOLDER / page).read_text(encoding="utf-8")


def test_every_public_name_is_in_the_reference() -> None:
    """Those of the package, of the block face and of the helpers for tests, each under a heading of its own."""
    told = set(HEADING.findall((FOLDER / "api.md").read_text(encoding="utf-8")))
    names = set(tracked.__all__) - {"errors", "testing", "track"}
    assert names - told == set()
    assert {f"track.{name}" for name in {*BLOCK, "resume_from"}} - told == set()
    assert {f"testing.{name}" for name in testing.__all__} - told == set()


def test_every_option_of_a_decorator_is_in_the_reference(make: ModuleType) -> None:
    """With its type, in the list of its decorator or in that of all."""
    text = (FOLDER / "api.md").read_text(encoding="utf-8")
    options = {field.name for kind in make.DECORATORS.values() for field in fields(kind)}
    assert {name for name in options if f"`{name}` (`" not in text} == set()


def test_every_command_is_in_the_reference() -> None:
    """Each that `tracked --help` lists."""
    told = HEADING.findall((FOLDER / "commands.md").read_text(encoding="utf-8"))
    assert [f"tracked {name}" for name in tracked_command.COMMANDS] == told


def test_every_error_says_what_to_do() -> None:
    """Each typed error has a heading of its own in the page of errors."""
    told = (FOLDER / "errors.md").read_text(encoding="utf-8")
    classes = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, BaseException)}
    assert classes - set(HEADING.findall(told)) == set()


SAID = re.compile(r"^> `(.+)`$", re.MULTILINE)


def text_of(node: ast.AST) -> str | None:
    """A text of the code, with `...` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "..." for v in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_a_warning(node: ast.AST) -> bool:
    """Whether it says something, once."""
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("warn_once") and bool(node.args)


@pytest.fixture(scope="module")
def code() -> list[ast.AST]:
    """All that the package is made of."""
    modules = Path(tracked.__file__).parent.rglob("*.py")
    return [node for path in modules for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


@pytest.fixture(scope="module")
def explained() -> dict[str, re.Pattern[str]]:
    """The lines that the page of errors explains, and how each may read."""
    quoted = SAID.findall((FOLDER / "errors.md").read_text(encoding="utf-8"))
    parts = {line: [re.escape(part.strip()) for part in line.split("...")] for line in quoted}
    return {line: re.compile(".*".join(some), re.DOTALL) for line, some in parts.items()}


def test_the_lines_that_are_explained_are_said(
    code: list[ast.AST], explained: dict[str, re.Pattern[str]]
) -> None:
    """A line of the page stands in the package, word for word but for its variable parts."""
    texts = [text for node in code if (text := text_of(node))]
    assert [] == [line for line, pattern in explained.items() if not any(map(pattern.fullmatch, texts))]


def test_every_warning_is_explained(code: list[ast.AST], explained: dict[str, re.Pattern[str]]) -> None:
    """Whoever adds one says in the page what happened and what to do."""
    said = [text for node in code if is_a_warning(node) and (text := text_of(node.args[0]))]
    whole = [text for text in said if text.strip(". ")]
    assert [] == [text for text in whole if not any(p.fullmatch(text) for p in explained.values())]
