from __future__ import annotations

import logging
import sys

import pytest

from tracked import guard as guards
from tracked import speech
from tracked.guard import guard


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(28, "full"), RecursionError(), MemoryError(), TypeError()]
)
def test_our_failures_are_swallowed(error):
    """Whatever fails in tracking itself, the code behind the block runs."""
    with guard:
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_the_user_s_goes_through(error, capsys):
    """Ctrl-C during our work is the user's, unchanged and without a word of ours."""
    raised = error(3)
    with pytest.raises(error) as caught, guard:
        raise raised
    assert raised is caught.value
    assert "" == capsys.readouterr().err


def test_a_failure_is_said_once(capsys):
    """A failure at each of a million steps is one line, that says what it was and that the code goes on."""
    for _ in range(3):
        with guard:
            raise ValueError("cannot do it\nsecond line")
    said = capsys.readouterr().err
    assert 1 == said.count("\n")
    assert "your code goes on: ValueError: cannot do it (TRACKED_DISABLED=1" in said


def test_another_failure_is_said_too(capsys):
    """Failures of another kind, or at another place, are another matter."""
    with guard:
        raise ValueError("one")
    with guard:
        raise TypeError("two")
    with guard:
        raise ValueError("three")
    said = capsys.readouterr().err
    assert [1, 1, 1] == [said.count(f": {word} (") for word in ("one", "two", "three")]


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("cannot even say what I am")


def test_an_exception_that_cannot_be_told_is_swallowed_too(capsys):
    """Objects of the user may raise what they like: an exception without a text is named by its type."""
    with guard:
        raise Mute
    assert "your code goes on: Mute (" in capsys.readouterr().err


def test_a_broken_stderr_is_no_failure(monkeypatch):
    """A stream that raises, whatever it raises, does not turn a swallowed failure into a new one."""

    class Broken:
        def write(self, _):
            raise RuntimeError("no")

    for stream in (Broken(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        speech.forget()
        with guard:
            raise ValueError("x")


def test_guards_may_be_nested():
    """The inner one swallows, the outer one has nothing to do, and what follows runs."""
    done = []
    with guard:
        with guard:
            raise ValueError("inner")
        done.append(1)
    assert [1] == done


def test_the_whole_story_is_in_the_log(caplog):
    """Who wants the traceback finds it in the logger ``tracked`` at level DEBUG."""
    with caplog.at_level(logging.DEBUG, "tracked"), guard:
        raise ValueError("x")
    assert ValueError is caplog.records[0].exc_info[0]
    assert guards.log.name == "tracked"
