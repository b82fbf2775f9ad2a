from __future__ import annotations

import io
import os
import subprocess
import sys
import threading

import pytest

from tracked import speech


def all_kinds():
    """Everything that can be said, once."""
    speech.say("normal")
    speech.whisper("aside")
    speech.warn_once("warning")


HEARD = [
    ({}, ["normal", "warning"]),
    ({"TRACKED_VERBOSITY": "verbose"}, ["normal", "aside", "warning"]),
    ({"TRACKED_VERBOSITY": "normal"}, ["normal", "warning"]),
    ({"TRACKED_VERBOSITY": "quiet"}, ["warning"]),
    ({"TRACKED_VERBOSITY": "nonsense"}, ["normal", "warning"]),
    ({"TRACKED_SILENT": "1"}, []),
    ({"TRACKED_SILENT": "1", "TRACKED_VERBOSITY": "verbose"}, []),
    ({"TRACKED_SILENT": "0"}, ["normal", "warning"]),
    ({"TRACKED_SILENT": ""}, ["normal", "warning"]),
]


@pytest.mark.parametrize(("environ", "heard"), HEARD, ids=str)
def test_who_hears_what(monkeypatch, capsys, environ, heard):
    """Each level hears what it asked for, on stderr, and stdout is never touched."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    all_kinds()
    said = capsys.readouterr()
    assert [f"tracked: {line}" for line in heard] == said.err.splitlines()
    assert "" == said.out


def test_silent_is_silent_to_the_byte(tmp_path):
    """With ``TRACKED_SILENT=1`` a whole program of ours, failures included, prints what it prints without us."""
    code = """
import sys
from tracked import track, tracked_training
@tracked_training
def train(lr):
    track.log(acc=object())
    print("user")
    print("user too", file=sys.stderr)
    return 0.5
train(0.1)
"""
    environ = {
        **os.environ,
        "TRACKED_SILENT": "1",
        "TRACKED_HOME": str(tmp_path / "h"),
        "TRACKED_TRACKING_URI": f"records://{tmp_path}/store",
        "TRACKED_EXIT_TIMEOUT": "20",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, timeout=60, check=True
    )
    assert (b"user\n", b"user too\n") == (done.stdout, done.stderr)


def test_a_warning_is_said_once_a_matter(capsys):
    """The same matter in other words is not said again, another one is; after a new set-up all may be."""
    speech.warn_once("lr is odd: 1", about="lr")
    speech.warn_once("lr is odd: 2", about="lr")
    speech.warn_once("momentum is odd")
    assert 2 == len(capsys.readouterr().err.splitlines())
    speech.forget()
    speech.warn_once("lr is odd: 3", about="lr")
    assert "tracked: lr is odd: 3\n" == capsys.readouterr().err


def test_hushed_leaves_warnings(capsys):
    """Inside the block normal speech is off, in this thread only, and on again behind it."""
    with speech.hushed():
        all_kinds()
        thread = threading.Thread(target=speech.say, args=("other thread",))
        thread.start()
        thread.join()
    speech.say("behind")
    assert [
        "tracked: warning",
        "tracked: other thread",
        "tracked: behind",
    ] == capsys.readouterr().err.splitlines()


def test_hushing_may_be_nested(capsys):
    """The end of an inner block does not end the outer one."""
    with speech.hushed():
        with speech.hushed():
            pass
        speech.say("still hushed")
    assert "" == capsys.readouterr().err


def test_one_saying_is_one_line_without_control_characters(capsys):
    """A run's name or a message cannot break lines, colour a terminal or move its cursor."""
    speech.say("a\x1b[31mred\x1b[0m\r\nb\tc\x00d\u202ee")
    assert "tracked: a [31mred [0m  b c d e\n" == capsys.readouterr().err


def test_a_character_that_the_stream_cannot_show_is_replaced(monkeypatch):
    """A terminal in ASCII gets a question mark, not an exception."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    speech.say("naïve → store")
    stream.seek(0)
    assert "tracked: na?ve ? store\n" == stream.read()


@pytest.mark.parametrize("encoding", ["ascii", None, "no such encoding"])
def test_a_stream_that_cannot_be_written_is_no_failure(monkeypatch, encoding):
    """A closed, missing or odd stderr stops nothing."""

    class Odd:
        def __init__(self):
            self.encoding = encoding

        def write(self, _):
            raise LookupError("odd")

    closed = io.StringIO()
    closed.close()
    for stream in (Odd(), closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        all_kinds()
        speech.forget()
