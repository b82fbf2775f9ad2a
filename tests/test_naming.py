"""Names of runs, functions and classes."""

import collections
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracked
from tracked.naming import MAX_RUN_NAME, qualified_name, run_name

KEY = "4f2a91" + "0" * 58


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ("train-4f2a91", ("train", "training", KEY)),
        ("train", ("train", "training")),
        ("trial-3", ("train", "hpo_trial", KEY, 3)),
        ("trial-0", ("train", "hpo_trial", None, 0)),
        ("training-4f2a91", ("", "training", KEY)),
        ("training", ("\n\x00", "training")),
        ("run", ("", "")),
        ("redline", ("red\x1b\u2028line",)),
        ("Täglich 7", ("Täglich 7",)),
        ("a" * 243 + "-4f2a91", ("a" * 300, "", KEY)),
    ],
)
def test_a_run_is_named_by_trial_or_function_and_key(expected, arguments):
    """A run is called after its trial, else after its function and the beginning of its key."""
    assert expected == run_name(*arguments)


@given(st.text(), st.text(), st.none() | st.just(KEY), st.none() | st.integers(0))
def test_any_name_can_be_stored(function, stage, key, number):
    """A name is never empty or too long, and has neither control characters nor lone surrogates."""
    name = run_name(function, stage, key, number)

    assert 0 < len(name) <= MAX_RUN_NAME
    assert name.isprintable()
    assert name.encode()


class Outer:
    def method(self):
        """Has a qualified name."""


@pytest.mark.parametrize(
    ("expected", "thing"),
    [
        (f"{__name__}.Outer.method", Outer.method),
        (f"{__name__}.Outer", Outer),
        ("dict", dict),
        ("len", len),
        ("collections.OrderedDict", collections.OrderedDict),
    ],
)
def test_a_thing_is_named_by_module_and_qualname(expected, thing):
    """Functions and classes have their full name, built-ins their short one."""
    assert expected == qualified_name(thing)


PROGRAM = "import sys\nfrom tracked.naming import qualified_name\ndef f(): pass\nprint(qualified_name(f))\n"


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("program.f", ["program.py"]),
        ("program.f", ["-m", "program"]),
        ("program.f", ["-c", "import program"]),
        ("pack.inner.f", ["-m", "pack.inner"]),
        ("__main__.f", ["-c", PROGRAM]),
        ("__main__.f", ["-"]),
    ],
)
def test_a_script_is_named_as_its_import(expected, command, tmp_path, monkeypatch):
    """A function has one name, whether its file was run or imported; code without a file is in ``__main__``."""
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "inner.py").write_text(PROGRAM, "utf-8")
    root = str(Path(tracked.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", root)

    run = [sys.executable, *command]
    done = subprocess.run(run, cwd=tmp_path, input=PROGRAM, capture_output=True, text=True, check=True)
    assert expected == done.stdout.strip()
