"""What a function does counts where that is asked for, with all of the project that it uses."""

import importlib
import sys

import pytest

from tracked.identity import code_used_by

HELPER = '''
"""Of the project."""
import json

class Base:
    def scaled(self, x):
        return x * 2

class Net(Base):
    """A net."""
    def __init__(self, n: int = 3) -> None:
        self.n = n

def deepest(x):
    """Say."""
    return json.dumps(x)

def helper(x):
    return deepest(x)

def unused(x):
    return x
'''
MAIN = '''
"""Of the project too."""
import functools
import helpers
from helpers import Net
from tracked import tracked_training

LIMIT = 3

def named(fn):
    return fn

@tracked_training(key_code=True)
@named
def train(lr, n=3):
    """Train."""
    # slowly
    net = Net(n)
    return helpers.helper(net.scaled(lr))

class Trainer:
    @tracked_training(key_code=True)
    def fit(self, lr):
        return self.step(lr)

    def step(self, lr):
        return lr
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes the project, and gives its main module as a new process would import it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ("helpers", "mainly")

    def written(main=MAIN, helper=HELPER):
        for name, text in zip(names, (helper, main), strict=True):
            (tmp_path / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
        try:
            return importlib.import_module("mainly")
        finally:
            sys.dont_write_bytecode = before

    yield written
    for name in names:
        sys.modules.pop(name, None)


def test_all_of_the_project_that_is_used_counts(project):
    """Through modules, classes and functions, at any depth; installed packages and Python do not."""
    names = code_used_by(project().train).keys()
    assert {
        "mainly.train",
        "mainly.named",
        "helpers.Net",
        "helpers.Base",
        "helpers.helper",
        "helpers.deepest",
    } == names


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# slowly", "# quickly, and with a longer comment"),
        ('"""Train."""', '"""Train, well described."""'),
        ("net = Net(n)", "net = Net(\n        n,\n    )"),
        ("key_code=True)\n@named", "key_code=True, name='x', expires='7d')\n@named"),
        ("LIMIT = 3", "LIMIT = 4"),
    ],
)
def test_what_changes_nothing_does_not_count(project, old, new):
    """Comments, docstrings, line breaks, our decorator's options and what the function does not use."""
    assert MAIN != (changed := MAIN.replace(old, new))
    assert project().train.key(1) == project(changed).train.key(1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return helpers.helper", "return 1 + helpers.helper"),
        ("lr, n=3", "lr, n=4"),
        ("def named(fn):\n    return fn", "def named(fn):\n    return functools.cache(fn)"),
    ],
)
def test_its_own_code_counts(project, old, new):
    """The body, the defaults and the decorators of the project."""
    before = project().train.key(1, 3)
    assert before != project(MAIN.replace(old, new)).train.key(1, 3)


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("json.dumps(x)", "json.dumps(x, indent=2)", True),
        ("x * 2", "x * 3", True),
        ("self.n = n", "self.n = n + 1", True),
        ('"""Say."""', '"""Tell."""', False),
        ("def unused(x):\n    return x", "def unused(x):\n    return 2 * x", False),
    ],
)
def test_the_code_of_what_it_uses_counts(project, old, new, counts):
    """A helper of a helper, the base of a class, a constructor; not what nobody calls."""
    before = project().train.key(1)
    assert HELPER != (changed := HELPER.replace(old, new))
    assert counts is (before != project(helper=changed).train.key(1))


def test_a_method_counts_the_methods_that_it_calls(project):
    """``self.step`` is found in the class that the method stands in."""
    before = code_used_by(project().Trainer.fit)
    assert {"mainly.Trainer.fit", "mainly.Trainer.step"} == before.keys()
    after = code_used_by(project(MAIN.replace("return lr\n", "return -lr\n")).Trainer.fit)
    assert before["mainly.Trainer.fit"] == after["mainly.Trainer.fit"]
    assert before["mainly.Trainer.step"] != after["mainly.Trainer.step"]


def test_code_without_a_file_counts_by_its_bytecode():
    """What was typed in or made by ``exec`` has no source: what it does counts all the same."""

    def made(text):
        scope = {"__name__": "typed"}
        exec(f"def fn(x):\n    return {text}", scope)
        return code_used_by(scope["fn"])

    assert made("x + 1") == made("x + 1") != made("x + 2")


def test_without_key_code_the_source_does_not_count(project):
    """It is asked for, or a refactoring would make all work new."""
    plain = MAIN.replace("(key_code=True)", "")
    before = project(plain).train.key(1)
    assert before == project(plain.replace("return helpers.helper", "return 1 + helpers.helper")).train.key(1)
