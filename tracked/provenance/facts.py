"""All that is told of where a process's runs come from, as tags and as files."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from .. import tags as t
from ..lengths import digest
from ..redact import redact_text
from . import git, machine
from .asked import Asked
from .packages import lock_digest, lock_text, packages

SCHEMA = "tracked.provenance/1"
FOLDER = "provenance"
"""Folder of the artifacts that tell it."""
DIFF = f"{FOLDER}/diff.patch"


class Gathered(NamedTuple):
    """Facts, ready to be written to a run."""

    tags: Mapping[str, str]
    files: Mapping[str, bytes]
    """Contents by name among the run's artifacts."""


def gather(asked: Asked) -> Gathered:
    """Find out all that was asked; takes as long as git and the graphics driver do."""
    # First of all what goes on changing.
    state = git.state_of(asked.code) if asked.code else git.State(problem="the code is in no repository")
    installed = packages(asked.path)
    return Gathered(_tags(state, installed), dict(_files(asked, state, installed)))


def _tags(state: git.State, installed: list[str]) -> dict[str, str]:
    told = {
        t.GIT_COMMIT: state.commit,
        t.GIT_REMOTE: state.remote,
        t.GIT_DIRTY: "" if state.problem else str(state.is_dirty).lower(),
        t.DIFF: digest(state.diff) if state.diff else "",
        t.PACKAGES: lock_digest(installed),
        t.PYTHON: _python(),
        t.PLATFORM: platform.platform(),
    }
    return {key: value for key, value in told.items() if value}


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _files(asked: Asked, state: git.State, installed: list[str]) -> Mapping[str, bytes]:
    told = json.dumps(_all(asked, state, installed), indent=2, ensure_ascii=False)
    texts = {
        f"{FOLDER}/provenance.json": told,
        f"{FOLDER}/packages.txt": lock_text(installed),
        DIFF: state.diff,
    }
    return {name: text.encode("utf-8", "replace") for name, text in texts.items() if text}


def _all(asked: Asked, state: git.State, installed: list[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "time": asked.time,
        "command": redact_text(asked.command, os.environ),
        "source": redact_text(asked.source, os.environ),
        "folder": asked.folder,
        "python": {"version": _python(), "executable": sys.executable},
        "packages": {"digest": lock_digest(installed), "count": len(installed)},
        "git": {
            "folder": asked.code,
            **{name: value for name, value in asdict(state).items() if name != "diff"},
            "dirty": None if state.problem else state.is_dirty,
        },
        "machine": machine.machine(),
        "container": machine.container(os.environ),
    }
