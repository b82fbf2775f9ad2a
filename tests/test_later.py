"""Modules that are loaded when they are used, and variables that are not set."""

import os
import sys

import pytest

from tracked.later import Later
from tracked.variables import variable


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
