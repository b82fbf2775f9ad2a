"""What git says of a working tree: what differs from its commit.  Nothing of the repository's own is run or changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from ..redact import redact_text, redact_url

MOST_DIFF = 256 * 2**10
"""Bytes of a diff that are kept."""
_MOST_NAMES = 1000
_MOST_OUTPUT = 2**20
_PATIENCE = 20.0
"""Seconds that git is given for one answer: a large tree on a slow disk takes that long."""
# A repository may come with a program that git is to ask; ours is to look and to run nothing.
_HARMLESS = (
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
)
_PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty")


@dataclass(frozen=True)
class State:
    """A working tree at one moment.

    Attributes:
        commit: that it stands on; empty if there is none.
        remote: address that it was cloned from, without login.
        changed: files that differ from the commit, with the two letters of ``git status``.
        untracked: files and folders that git does not know; their names only.
        diff: how it differs, without secrets; empty if it does not.
        diff_is_cut: whether there is more.
        problem: why git did not answer; empty if it did.
    """

    commit: str = ""
    remote: str = ""
    changed: list[str] = field(default_factory=list)
    untracked: list[str] = field(default_factory=list)
    diff: str = ""
    diff_is_cut: bool = False
    problem: str = ""

    @property
    def is_dirty(self) -> bool:
        """Whether a file that git knows differs from the commit."""
        return bool(self.changed)


def state_of(folder: str) -> State:
    """What git says of the working tree at this folder; takes as long as git does."""
    status = _ask(folder, "status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty")
    if status.problem:
        return State(problem=status.problem)
    entries = [entry for entry in status.text.split("\0") if entry]
    changed = [entry for entry in entries if not entry.startswith("??")]
    diff = _ask(folder, "diff", "HEAD", *_PLAIN, most=MOST_DIFF) if changed else _Answer()
    return State(
        _ask(folder, "rev-parse", "--verify", "--quiet", "HEAD").text.strip(),
        redact_url(_ask(folder, "config", "--get", "remote.origin.url").text.strip()),
        changed[:_MOST_NAMES],
        [entry[3:] for entry in entries if entry.startswith("??")][:_MOST_NAMES],
        redact_text(diff.text, os.environ),
        diff.is_cut,
    )


class _Answer(NamedTuple):
    text: str = ""
    is_cut: bool = False
    """Whether there is more."""
    problem: str = ""


def _ask(folder: str, *question: str, most: int = _MOST_OUTPUT) -> _Answer:
    """So many bytes of git's answer, up to the end of a line."""
    program = shutil.which("git")
    if program is None:
        return _Answer(problem="there is no git")
    with subprocess.Popen(  # noqa: S603 - git itself
        [program, "-C", folder, *_HARMLESS, *question],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as git:
        timer = threading.Timer(_PATIENCE, git.kill)
        timer.start()
        told = git.stdout.read(most + 1) if git.stdout else b""
        in_time = timer.is_alive()
        timer.cancel()
        git.kill()  # what has ended does not mind
    if not in_time:
        return _Answer(problem=f"git gave no answer in {_PATIENCE:.0f} s")
    if len(told) > most:
        return _Answer(_decoded(told[: told.rfind(b"\n", 0, most) + 1]), is_cut=True)
    failed = git.returncode not in (0, -9)
    return _Answer(problem="git knows nothing of this folder") if failed else _Answer(_decoded(told))


def _environment() -> dict[str, str]:
    """Ours, without what a hook of git leaves behind: that would lead to another repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # Looking must not write, and nobody is there to be asked for a password.
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
