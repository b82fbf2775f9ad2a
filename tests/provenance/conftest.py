"""Programs in repositories of git, and the file-backed store that they write to."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.scripts import Store, await_

PROGRAM = """
from tracked import tracked_training

LR = 0.1

@tracked_training
def inner(x):
    return {"loss": x}

@tracked_training
def train(lr=LR, seed=3):
    return inner(lr)

train()
train(0.2)
"""


class Repository:
    """A repository of git with one commit, and a program in it."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self("init", "--quiet", "--initial-branch=trunk")
        (folder / "program.py").write_text(PROGRAM)
        self("add", "program.py")
        self("commit", "--quiet", "--message=first")

    def __call__(self, *arguments: str) -> str:
        """What git answers."""
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        command = ["git", "-C", str(self.folder), *who, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=self._environ())
        return done.stdout.strip()

    def _environ(self) -> dict[str, str]:
        return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    @property
    def commit(self) -> str:
        """The commit that it stands on."""
        return self("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    """A repository with a program."""
    (tmp_path / "project").mkdir()
    return Repository(tmp_path / "project")


class Project(Store):
    """The same with a store outside of it."""

    @property
    def path(self):
        """The store's file."""
        return self.folder.parent / "store.records"

    def ran(self, source=PROGRAM, *arguments, **environ):
        """The runs of a program that tells where it comes from, once all of that has arrived."""
        self.python(source, *arguments, **{"TRACKED_PROVENANCE": "1", **environ})
        await_(
            lambda: any("provenance/packages.txt" in run.artifacts for run in self.runs), "nothing was told"
        )
        await_(lambda: all(run.status != "RUNNING" for run in self.runs), "a run goes on")
        return self.runs


@pytest.fixture
def project(repository):
    """The store of a repository."""
    return Project(repository.folder)
