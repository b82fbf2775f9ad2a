"""Programs whose stderr is a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import NamedTuple

from tests.scripts import PATIENCE, Store

COLUMNS = 100


class Seen(NamedTuple):
    """What a program has written."""

    out: bytes
    screen: str
    """All that the terminal was sent, with what it was told to write over."""

    @property
    def lines(self) -> list[str]:
        """What is left on the screen: each line as it was last drawn."""
        return [_as_left(line) for line in self.screen.split("\r\n")]


def _as_left(line: str) -> str:
    left = ""
    for drawn in line.split("\r"):
        left = drawn + left[len(drawn) :]
    return left.rstrip()


def in_terminal(store: Store, source: str, **environ: str) -> Seen:
    """Run this program with a terminal of 100 columns as its stderr, and a pipe as its stdout."""
    program = store.folder / "program.py"
    program.write_text(source)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    given = {**os.environ, "TERM": "xterm", "TRACKED_TRACKING_URI": store.uri, **environ}
    command = [sys.executable, "-W", "error", str(program)]
    with subprocess.Popen(
        command, cwd=store.folder, env=given, stdout=subprocess.PIPE, stderr=theirs
    ) as running:
        os.close(theirs)
        screen = b"".join(iter(lambda: _read(ours), b""))
        out, _ = running.communicate(timeout=PATIENCE)
    os.close(ours)
    assert running.returncode == 0, screen
    return Seen(out, screen.decode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's word for: everybody has closed it
        return b""
