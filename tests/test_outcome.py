from __future__ import annotations

import asyncio
import functools
import signal
import sys
from contextlib import contextmanager

import pytest

from tracked import tags as t
from tracked.outcome import FAILED, FINISHED, KILLED, outcome_of

TABLE = [
    (FINISHED, None),
    (FINISHED, SystemExit()),
    (FINISHED, SystemExit(None)),
    (FINISHED, SystemExit(0)),
    (FINISHED, SystemExit(False)),
    (FAILED, SystemExit(1)),
    (FAILED, SystemExit(True)),
    (FAILED, SystemExit(2)),
    (FAILED, SystemExit(129)),
    (FAILED, SystemExit("the data is missing")),
    (FAILED, SystemExit("")),
    (FAILED, SystemExit([1])),
    (FAILED, SystemExit({})),
    (KILLED, SystemExit(130)),
    (KILLED, SystemExit(143)),
    (KILLED, KeyboardInterrupt()),
    (KILLED, GeneratorExit()),
    (KILLED, asyncio.CancelledError()),
    (FAILED, Exception("x")),
    (FAILED, ValueError("x")),
    (FAILED, MemoryError()),
    (FAILED, StopIteration()),
    (FAILED, OSError(5, "x")),
]


@pytest.mark.parametrize(("status", "error"), TABLE, ids=repr)
def test_every_end_has_its_state(status, error):
    """Success, fault and stop are told apart, for every way in which Python code can end."""
    assert status == outcome_of(error).status


@pytest.mark.parametrize("error", [error for status, error in TABLE if status == KILLED], ids=repr)
def test_what_was_stopped_says_how(error):
    """A KILLED run names what stopped it."""
    tags = outcome_of(error).tags
    assert tags.get(t.END_REASON) or tags[t.ERROR_TYPE] == "asyncio.exceptions.CancelledError"


@contextmanager
def suppress_as_cause():
    """Make another exception of one."""
    try:
        yield
    except KeyError as error:
        raise ValueError("outer") from error


def raised(secret="hunter2"):
    """An exception with a traceback, a cause and a secret in a variable."""
    try:
        with suppress_as_cause():
            raise KeyError("inner")
    except ValueError as error:
        return error


def test_a_failure_says_what_and_where():
    """Type, message and traceback with its cause are kept, values of variables are not."""
    tags = outcome_of(raised(f"hunter{3}")).tags
    assert ("ValueError", "outer") == (tags[t.ERROR_TYPE], tags[t.ERROR_MESSAGE])
    assert "in raised" in tags[t.ERROR_TRACEBACK]
    assert "KeyError: 'inner'" in tags[t.ERROR_TRACEBACK]
    assert "hunter3" not in tags[t.ERROR_TRACEBACK]


def test_the_type_of_a_failure_is_its_full_name():
    """An exception of a library is named with its module."""

    class Odd(Exception):
        pass

    assert f"{__name__}.{Odd.__qualname__}" == outcome_of(Odd()).tags[t.ERROR_TYPE]


def test_secrets_are_taken_out_before_anything_is_cut():
    """Message and traceback go through the redaction whole."""
    error = ValueError("x" * 995 + "hunter2")
    tags = outcome_of(error, lambda text: text.replace("hunter2", "***")).tags
    assert "hunter" not in tags[t.ERROR_MESSAGE] + tags[t.ERROR_TRACEBACK]
    assert tags[t.ERROR_MESSAGE].endswith("x***")


def test_long_texts_are_cut_to_what_a_tag_takes():
    """Of a long traceback the end is kept, where the failure is."""
    tags = outcome_of(ValueError("x" * 20_000 + "the end")).tags
    assert 1000 == len(tags[t.ERROR_MESSAGE])
    assert len(tags[t.ERROR_TRACEBACK]) <= 8000
    assert tags[t.ERROR_TRACEBACK].rstrip().endswith("the end")


def test_an_exception_that_cannot_be_told_is_a_failure_all_the_same():
    """An exception whose text cannot be made does not become a success."""

    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no")

    outcome = outcome_of(Mute())
    assert FAILED == outcome.status
    assert "cannot be told" in outcome.tags[t.ERROR_MESSAGE]


class Handler:
    """A handler with a state."""

    def __call__(self, number, frame):
        raise ValueError("in a handler")

    def method(self, number, frame, more=None):
        inner()


def inner():
    """Far below the handler."""
    sys.exit(0)


def exits(number, frame):
    inner()


def with_more(more, number, frame):
    raise KeyboardInterrupt


HANDLERS = {
    "function": exits,
    "lambda": lambda *_: sys.exit(0),
    "object": Handler(),
    "method": Handler().method,
    "partial": functools.partial(with_more, "x"),
}


def ended_by(number, handler):
    """What code ends with that gets this signal."""
    before = signal.signal(number, handler)
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - whatever it is
        signal.raise_signal(number)
    signal.signal(number, before)
    return outcome_of(raised.value)


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"])
def test_whatever_a_handler_raises_the_signal_ended_the_run(name, handler):
    """A handler may exit with 0 or raise what it likes: the code was stopped, and the signal is named."""
    outcome = ended_by(getattr(signal, name), handler)
    assert (KILLED, f"ended by {name}") == (outcome.status, outcome.tags[t.END_REASON])


def test_an_alarm_is_the_program_s_own():
    """A time-out that a program sets itself is a failure like any other."""
    assert FAILED == ended_by(signal.SIGALRM, Handler()).status


def test_a_handler_that_is_called_by_hand_is_a_function_like_any_other():
    """Only a signal makes a signal's end."""
    for call in (lambda: exits(signal.SIGTERM, None), lambda: exits(None, sys._getframe())):
        with pytest.raises(SystemExit) as raised:
            call()
        assert FINISHED == outcome_of(raised.value).status
