"""What a run tells of where it came from, from programs in real repositories."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

from tests.provenance.conftest import PROGRAM
from tests.scripts import await_, called
from tracked import tags as t
from tracked import testing, tracked_training
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window
from tracked.provenance import git
from tracked.provenance.asked import Asked
from tracked.provenance.facts import DIFF, Gathered
from tracked.provenance.packages import lock_digest
from tracked.records import Artifact, Tags
from tracked.session import gathering

AGAIN = """
import os, pathlib, time
from tracked import session

store = pathlib.Path(os.environ["TRACKED_TRACKING_URI"].removeprefix("records://"))

def await_telling(times):
    while not store.exists() or store.read_text().count("tracked.git_diff_run") < times:
        time.sleep(0.05)

await_telling(1)
session.current().origins._until = 0.0  # a minute later
train(0.2)
await_telling(2)
"""


def told(run):
    """What it tells in its file."""
    return json.loads(run.artifacts["provenance/provenance.json"])


def tellers(runs):
    """The runs that tell, in order."""
    return [run for run in runs if "provenance/provenance.json" in run.artifacts]


def teller_of(runs):
    """The one run that tells."""
    (run,) = tellers(runs)
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
        assert DIFF not in first.artifacts
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
        subprocess.run(apply, input=run.artifacts[DIFF], check=True)
        assert changed == (repository.folder / "program.py").read_text()
        assert not any(b"private" in content for content in run.artifacts.values())

    def test_one_diff_is_kept_once_in_a_process(self, project):
        """However often a process gathers, a difference has one file; the later runs name the run that has it."""
        project.ran(PROGRAM.replace("LR = 0.1", "LR = 0.3").replace("train(0.2)", AGAIN))
        await_(lambda: 2 == len(tellers(project.runs)), "not every run has told")
        await_(lambda: any(DIFF in run.artifacts for run in project.runs), "there is no diff")
        first, second = tellers(project.runs)
        assert [True, False] == [DIFF in run.artifacts for run in (first, second)]
        assert [first.run_id] * 2 == [run.tags[t.DIFF_RUN] for run in (first, second)]
        assert first.tags[t.DIFF] == second.tags[t.DIFF]

    def test_each_other_diff_is_kept(self, tmp_path):
        """Of what is found in turn, each difference has a run; another process knows nothing of it."""
        folder = Folder(tmp_path).made()
        found = [("ours", "1", "a"), ("ours", "2", "b"), ("ours", "3", "a"), ("theirs", "4", "a")]
        for owner, run, diff in found:
            gathering.write(folder, owner, run, Gathered({}, {DIFF: diff.encode()}))
        records = [
            record for path in folder.journals() for _, record in read_window(path, 0, ended=True).records
        ]
        assert {"1", "2", "4"} == {record.run for record in records if isinstance(record, Artifact)}
        assert {"1": "1", "2": "2", "3": "1", "4": "4"} == {
            record.run: record.values[t.DIFF_RUN] for record in records if isinstance(record, Tags)
        }
        folder.sweep("ours")
        assert [True] == [path.parent.name.startswith("theirs.") for path in folder.files.glob("*/diff_run")]

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
