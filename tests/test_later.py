"""Modules that are loaded when they are used, and variables that are not set."""

import ast
import os
import re
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

import tracked
from tracked.later import Later
from tracked.variables import variable

PACKAGE = Path(tracked.__file__).parent


def test_a_module_stands_for_itself_once_it_was_used(tmp_path, monkeypatch):
    """It is loaded by the first use and not before, and after that nothing of ours is in between."""
    (tmp_path / "rarely_wanted.py").write_text("answer = 42")
    monkeypatch.syspath_prepend(tmp_path)
    names = {}
    names["rarely"] = Later(names, "rarely", "rarely_wanted")
    assert "rarely_wanted" not in sys.modules
    assert 42 == names["rarely"].answer
    assert names["rarely"] is sys.modules["rarely_wanted"]


def test_a_variable_is_read_at_each_look(monkeypatch):
    """What is set, changed and taken away meanwhile counts at once, whoever stands in for the environment."""
    assert "" == variable("TRACKED_OF_A_TEST")
    monkeypatch.setenv("TRACKED_OF_A_TEST", "1")
    assert "1" == variable("TRACKED_OF_A_TEST")
    monkeypatch.delenv("TRACKED_OF_A_TEST")
    assert "" == variable("TRACKED_OF_A_TEST")
    monkeypatch.setattr(os, "environ", {"TRACKED_OF_A_TEST": "2"})
    assert "2" == variable("TRACKED_OF_A_TEST")


@pytest.mark.parametrize("value", ["", "0", "false", "1"])
def test_tracking_is_disabled_by_a_variable(monkeypatch, value):
    """Only a value that means yes switches everything off."""
    from tracked.context import is_disabled

    monkeypatch.setenv("TRACKED_DISABLED", value)
    assert is_disabled() is (value == "1")


def _looked_up():
    """What each module looks up when it is wanted: who does, the full name of what, and what a type checker reads."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        package = ".".join(parts[:-1])
        imported = {
            f"{resolve_name('.' * node.level + (node.module or ''), package).rstrip('.')}.{name.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.level
            for name in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Later":
                yield module, node.args[2].value, imported


def _floors():
    """The number of each floor by the names on it, the lowest last."""
    tomllib = pytest.importorskip("tomllib")  # from Python 3.11 on
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return {name: number for number, layer in enumerate(layers) for name in re.findall(r"\((\w+)\)", layer)}


def test_what_is_looked_up_later_lies_on_no_higher_floor_and_leads_in_no_circle():
    """The linter of imports sees no such edge: here each is held against its floors and its graph."""
    grimp, floors, edges = pytest.importorskip("grimp"), _floors(), list(_looked_up())
    graph = grimp.build_graph("tracked", exclude_type_checking_imports=True, cache_dir=None)
    assert edges
    for module, wanted, imported in edges:
        assert wanted in imported, f"{module} does not import {wanted} for the type checker"
        above, below = (name.split(".")[1] for name in (module, wanted))
        assert floors[above] <= floors[below], f"{module} looks up {wanted}, which is above it"
        chain = graph.find_shortest_chain(importer=wanted, imported=module)
        assert chain is None, f"a circle: {chain}"
