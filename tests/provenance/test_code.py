"""Which commit the code is at, as git itself would say it, and what else is read without asking anybody."""

from __future__ import annotations

import sys

import pytest

from tests.provenance.test_gathering import PROGRAM
from tracked.provenance import code, machine, packages, source


@pytest.fixture
def here(repository, monkeypatch):
    """The working folder is in a repository; what it is at is read anew each time."""
    (repository.folder / "src").mkdir()
    monkeypatch.chdir(repository.folder / "src")
    monkeypatch.setitem(vars(sys.modules["__main__"]), "__file__", f"{sys.prefix}/bin/pytest")
    return repository


def test_a_branch_is_read_loose_and_packed(here):
    """Commit and branch, whether the reference has a file of its own or stands in the list."""
    for _ in range(2):
        assert (str(here.folder), here.commit, "trunk") == code.code_here()
        here("pack-refs", "--all")


def test_a_commit_without_a_branch(here):
    """A detached head has a commit and no branch."""
    here("checkout", "--quiet", "--detach")
    assert (here.commit, "") == code.code_here()[1:]


def test_a_worktree_is_at_its_own_commit(here, tmp_path, monkeypatch):
    """A second working tree of a repository tells its own branch; the reference lies with the first."""
    here("worktree", "add", "--quiet", "-b", "side/line", str(tmp_path / "tree"))
    here("commit", "--quiet", "--allow-empty", "--message=second")
    (tmp_path / "tree" / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "tree" / "inner")
    for _ in range(2):
        found = code.code_here()
        assert (str(tmp_path / "tree"), here("rev-parse", "side/line"), "side/line") == found
        assert found.commit != here.commit
        here("pack-refs", "--all")


def test_a_repository_without_a_commit(tmp_path, here, monkeypatch):
    """Nothing is made up where nothing is committed."""
    here("init", "--quiet", "--initial-branch=new", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path / "empty")
    assert ("", "new") == code.code_here()[1:]


def test_the_scripts_own_repository_goes_before_the_working_folder(here, tmp_path, monkeypatch):
    """A script that is called from elsewhere is at the commit of where it lies."""
    monkeypatch.chdir(tmp_path)
    script = here.folder / "program.py"
    monkeypatch.setitem(vars(sys.modules["__main__"]), "__file__", str(script))
    assert PROGRAM == script.read_text()
    assert here.commit == code.code_here().commit


def test_packages_are_named_without_reading_them(tmp_path):
    """Names as pip writes them, the first folder of the path before the second, and nothing that is no package."""
    for name in (
        "one/Typing_Extensions-4.1.dist-info",
        "two/typing_extensions-3.dist-info",
        "two/zoo-1.0-py3.11.egg-info",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "two" / "zoo").mkdir()
    path = [str(tmp_path / name) for name in ("one", "two", "missing")]
    assert ["typing-extensions==4.1", "zoo==1.0"] == packages.packages(path)
    assert packages.lock_digest(packages.packages(path[:1])) != packages.lock_digest(packages.packages(path))


@pytest.mark.parametrize(
    ("environ", "marks", "told"),
    [
        ({}, (), {}),
        (
            {"KUBERNETES_SERVICE_HOST": "x", "CONTAINER_IMAGE": "ner:3"},
            (),
            {"image": "ner:3", "runtime": "kubernetes"},
        ),
        ({}, (".dockerenv",), {"runtime": "docker"}),
        ({}, ("proc/self/cgroup",), {"runtime": "containerd"}),
    ],
)
def test_a_container_is_told_by_its_signs(tmp_path, environ, marks, told):
    """By variables, and by what runtimes leave in the file system; outside of one there is nothing to tell."""
    for mark in marks:
        (tmp_path / mark).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / mark).write_text("0::/containerd/x")
    assert told == machine.container(environ, tmp_path)


def test_a_notebook_is_named_where_it_is_known(mocker, monkeypatch):
    """By what Jupyter and Visual Studio Code tell their kernels; a plain program is no notebook."""
    assert "" == source.notebook_in({"JPY_SESSION_NAME": "/home/ada/work.ipynb"})
    monkeypatch.setitem(sys.modules, "IPython", mocker.Mock())
    assert "work.ipynb" == source.notebook_in({"JPY_SESSION_NAME": "/home/ada/work.ipynb"})
    monkeypatch.setitem(vars(sys.modules["__main__"]), "__vsc_ipynb_file__", "/x/other.ipynb")
    assert "other.ipynb" == source.notebook_in({})
