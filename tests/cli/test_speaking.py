"""What a store holds never gives orders to a terminal, and colours are there only where they are wanted."""

import os
import pty
import subprocess
import sys

import pytest

from tests.cli.looked_at import HOSTILE
from tracked.cli.speaking import safe

COMMANDS = [
    ["runs"],
    ["runs", "--json"],
    ["show", HOSTILE],
    ["show", HOSTILE, "--json"],
    ["show", "no\x1b[31m"],
    ["compare", HOSTILE, "fast"],
    ["compare", HOSTILE, "fast", "--md"],
    ["compare", HOSTILE, "fast", "--json"],
    ["diff", HOSTILE, "fast"],
    ["tail", HOSTILE],
    ["lineage", HOSTILE],
    ["explain", HOSTILE, "fast"],
    ["rerun", HOSTILE],
    ["best", HOSTILE],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: f"{arguments[0]} {arguments[-1][:2]!r}")
def test_no_control_character_of_a_store_reaches_the_terminal(looked_at, tracked, arguments):
    """Names, params, errors and arguments are shown with such characters as escapes."""
    _, printed, said = tracked(*arguments)
    assert printed or said
    assert [] == [c for c in printed + said if c != "\n" and not c.isprintable()]


def test_what_is_printable_stays():
    """Umlauts and signs are no danger; what turns the text round is."""
    assert "ä λ 漢 \\x1b\\u202e\\x9b" == safe("ä λ 漢 \x1b\u202e\x9b")


def on_a_terminal(arguments, **environ):
    """What the command writes where stdout is a terminal."""
    code = "import sys; from tracked_command import main; main(sys.argv[1:])"
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", **environ},
    ) as process:
        os.close(follower)
        written = b""
        try:
            while part := os.read(leader, 4096):
                written += part
        except OSError:  # the other end is closed
            pass
        os.close(leader)
        assert 0 == process.wait(60)
    return written


@pytest.mark.parametrize(
    ("environ", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_has_colours_unless_it_is_told_otherwise(looked_at, monkeypatch, environ, is_coloured):
    """NO_COLOR and dumb terminals are respected."""
    monkeypatch.setenv("COLUMNS", "60")
    assert is_coloured is (b"\x1b[1m" in on_a_terminal(["config"], **environ))


def test_what_is_no_terminal_has_colours_only_if_they_are_forced(looked_at, tracked, monkeypatch):
    """FORCE_COLOR asks for them; NO_COLOR goes before it."""
    assert "\x1b" not in tracked("runs")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32mFINISHED\x1b[0m" in tracked("runs")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in tracked("runs")[1]
