"""What a run tells of where it came from, from programs in real repositories."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

from tests.provenance.conftest import PROGRAM
from tests.scripts import called
from tracked import tags as t
from tracked import testing, tracked_training
from tracked.provenance import git
from tracked.provenance.asked import Asked
from tracked.provenance.packages import lock_digest


def told(run):
    """What it tells in its file."""
    return json.loads(run.artifacts["provenance/provenance.json"])


def teller_of(runs):
    """The one run that tells."""
    (run,) = (run for run in runs if "provenance/provenance.json" in run.artifacts)
    return run


class TestARunTells:
    def test_all_of_a_clean_tree(self, repository, project):
        """Commit, branch, command, packages, Python, machine: in the first run at the root, and the commit in each."""
        runs = project.ran(PROGRAM, "--epochs", "3")
        first, second = (run for run in called(runs, "train"))
        told_by_first = told(first)
        assert {repository.commit} == {run.tags[t.GIT_COMMIT] for run in runs}
        assert {"trunk"} == {run.tags[t.GIT_BRANCH] for run in runs}
        assert ("false", "CPython " + platform.python_version()) == (
            first.tags[t.GIT_DIRTY],
            first.tags[t.PYTHON],
        )
        assert told_by_first["command"].endswith("program.py --epochs 3")
        assert told_by_first["folder"] == str(repository.folder)
        assert told_by_first["machine"]["cores"] >= 1
        assert told_by_first["git"]["commit"] == repository.commit
        packages = first.artifacts["provenance/packages.txt"].decode().splitlines()
        assert any(line.startswith("orjson==") for line in packages)
        assert lock_digest(packages) == first.tags[t.PACKAGES] == told_by_first["packages"]["digest"]
        assert "provenance/diff.patch" not in first.artifacts
        assert [first.run_id] * 2 == [r.tags[t.PROVENANCE] for r in (first, second)]
        assert {} == second.artifacts
        assert not any(t.PROVENANCE in run.tags for run in called(runs, "inner"))

    def test_what_differs_from_the_commit(self, repository, project):
        """The diff of a changed tree can be applied to the commit; of what git does not know there are the names."""
        (repository.folder / "notes.txt").write_text("private")
        runs = project.ran(PROGRAM.replace("LR = 0.1", "LR = 0.3"))
        run = teller_of(runs)
        assert run.tags[t.GIT_DIRTY] == "true"
        assert [" M program.py"] == told(run)["git"]["changed"]
        assert ["notes.txt"] == told(run)["git"]["untracked"]
        changed = (repository.folder / "program.py").read_text()
        repository("checkout", "--quiet", "program.py")
        apply = ["git", "-C", str(repository.folder), "apply", "-"]
        subprocess.run(apply, input=run.artifacts["provenance/diff.patch"], check=True)
        assert changed == (repository.folder / "program.py").read_text()
        assert not any(b"private" in content for content in run.artifacts.values())

    def test_no_secret(self, project):
        """Neither a secret of the environment nor one that the change or the command spells is told."""
        source = PROGRAM + "\nAPI_TOKEN = 'tok-abcdef123456'\nprint('hunter2hunter2')\n"
        runs = project.ran(source, "--password", "s3cr3tw0rd", DB_PASSWORD="hunter2hunter2")
        files = b"".join(teller_of(runs).artifacts.values())
        assert b"+API_TOKEN" in files
        assert [] == [s for s in (b"tok-abcdef", b"hunter2", b"s3cr3t") if s in files]

    def test_nothing_if_it_is_switched_off(self, project):
        """With TRACKED_PROVENANCE=0 there is no commit, no file, and no process."""
        project.python(PROGRAM, TRACKED_PROVENANCE="0")
        assert [] == [run for run in project.runs if {t.GIT_COMMIT, t.PROVENANCE} & run.tags.keys()]
        assert [{}] * 4 == [run.artifacts for run in project.runs]

    def test_outside_of_a_repository(self, tmp_path, project):
        """Without a repository all else is told, and why there is no commit."""
        (tmp_path / "plain").mkdir()
        runs = type(project)(tmp_path / "plain").ran()
        run = teller_of(runs)
        assert t.GIT_DIRTY not in run.tags
        assert "no repository" in told(run)["git"]["problem"]
        assert run.tags[t.PACKAGES]

    def test_in_memory_the_commit_only(self, monkeypatch, repository):
        """A store inside the process costs no other process; what is read from files is there all the same."""
        monkeypatch.setenv("TRACKED_PROVENANCE", "1")
        monkeypatch.setattr("tracked.provenance.source._READ", {})
        monkeypatch.chdir(repository.folder)
        with testing.captured() as runs:
            tracked_training(lambda: None)()
            (run,) = runs.runs
        assert (repository.commit, {}) == (run.tags[t.GIT_COMMIT], run.artifacts)


class TestGit:
    def test_a_long_diff_is_cut_at_the_end_of_a_line(self, repository, mocker):
        """So many bytes and no more, said to be so; git is not waited for."""
        mocker.patch.object(git, "MOST_DIFF", 300)
        (repository.folder / "program.py").write_text("x = 1\n" * 100_000)
        state = git.state_of(str(repository.folder))
        assert (True, True) == (state.is_dirty, state.diff_is_cut)
        assert 200 < len(state.diff) <= 300
        assert state.diff.endswith("\n")

    def test_a_git_that_does_not_answer_is_left(self, repository, mocker, tmp_path, monkeypatch):
        """After its time git is ended, and the reason told."""
        (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        mocker.patch.object(git, "_PATIENCE", 0.1)
        assert "no answer" in git.state_of(str(repository.folder)).problem

    @pytest.mark.parametrize("setting", ["diff.external", "core.fsmonitor"])
    def test_nothing_of_the_repository_is_run(self, repository, tmp_path, setting):
        """A repository that names programs for git to run does not get them run by us."""
        (tmp_path / "evil").write_text(f"#!/bin/sh\ntouch {tmp_path}/was_here\n")
        (tmp_path / "evil").chmod(0o755)
        repository("config", setting, str(tmp_path / "evil"))
        (repository.folder / "program.py").write_text("changed\n")
        assert "+changed" in git.state_of(str(repository.folder)).diff
        assert not (tmp_path / "was_here").exists()

    def test_the_address_is_told_without_its_login(self, repository):
        """Who cloned with a token in the address does not publish it."""
        repository("remote", "add", "origin", "https://ada:tok3n@example.org/x.git")
        assert git.state_of(str(repository.folder)).remote == "https://***@example.org/x.git"


def test_what_is_asked_survives_the_environment():
    """What one process asks is what the other one reads."""
    asked = Asked.by_this_process("notebook.ipynb")
    assert asked == Asked.from_json(asked.to_json())
    assert sys.orig_argv[0] in asked.command
