from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import filelock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked.errors import ConfigError
from tracked.journal.folder import Folder
from tracked.session import place

URI = "https://user:hunter2-in-the-uri@example.org:5000/mlflow"
ENVIRON = {
    "MLFLOW_TRACKING_TOKEN": "token-in-the-environment",
    "MLFLOW_TRACKING_PASSWORD": "password-in-the-environment",
    "AZURE_CLIENT_SECRET": "azure-in-the-environment",
    "AWS_SECRET_ACCESS_KEY": "aws-in-the-environment",
    "GOOGLE_APPLICATION_CREDENTIALS": "google-in-the-environment",
    "DATABRICKS_TOKEN": "databricks-in-the-environment",
    "PATH": "/usr/bin",
}


def files(home):
    """Names and contents of everything below the home."""
    return [(str(path), path.read_bytes()) for path in home.rglob("*") if path.is_file()]


def test_no_secret_is_written_down(home):
    """Neither names nor contents of files tell a credential of the environment or of the URI."""
    place.folder_for(home, URI, ENVIRON)
    secrets = [value for name, value in ENVIRON.items() if name != "PATH"]
    told = "".join(name + content.decode("latin-1") for name, content in files(home))
    assert [] == [secret for secret in ["hunter2", *secrets] if secret in told]
    assert "example.org" in told


@pytest.mark.parametrize("name", [name for name in ENVIRON if name != "PATH"])
def test_other_credentials_are_another_folder(home, name):
    """Whoever logs in as somebody else has a journal folder, and so a shipper, of their own."""
    assert place.folder_for(home, URI, ENVIRON) != place.folder_for(home, URI, ENVIRON | {name: "other"})
    without = {key: value for key, value in ENVIRON.items() if key != name}
    assert place.folder_for(home, URI, ENVIRON) != place.folder_for(home, URI, without)


def test_the_same_store_and_credentials_are_the_same_folder(home):
    """Other variables, their order, and the process do not matter; a password in the URI does."""
    folder = place.folder_for(home, URI, ENVIRON)
    shuffled = dict(reversed(ENVIRON.items())) | {"PATH": "/bin", "MLFLOW_TRACKING_URI": "x"}
    assert folder == place.folder_for(home, URI, shuffled)
    code = f"from tracked.session.place import *; print(folder_for(Path({str(home)!r}), {URI!r}, {ENVIRON!r}).path)"
    assert f"{folder.path}\n" == subprocess.check_output([sys.executable, "-c", code], text=True)
    assert folder != place.folder_for(home, URI.replace("hunter2", "hunter3"), ENVIRON)
    assert folder != place.folder_for(home, URI + "/other", ENVIRON)


def test_the_name_cannot_be_tried_out(home, tmp_path):
    """Another home names the same store otherwise: whoever sees the name cannot test passwords on it."""
    (tmp_path / "other").mkdir()
    names = {place.folder_for(where, URI, ENVIRON).path.name for where in (home, tmp_path / "other")}
    assert 2 == len(names)


def test_everything_is_for_its_owner_only(home):
    """The key of the names and the journals' folder are closed to others."""
    folder = place.folder_for(home / "new", URI, ENVIRON)
    assert 0o700 == folder.path.stat().st_mode & 0o777
    assert 0o600 == (home / "new" / "key").stat().st_mode & 0o777
    assert 0o600 == folder.target.stat().st_mode & 0o777


def test_processes_that_start_together_agree(home):
    """Ranks that start at the same moment on a fresh machine find one folder, with one key."""
    code = (
        "import sys, time; from tracked.session.place import *; sys.stdin.read();"
        f"print(folder_for(Path({str(home)!r}), {URI!r}, {{}}).path)"
    )
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for rank in ranks:
        rank.stdin.flush()
    for rank in ranks:
        rank.stdin.close()
        rank.stdin = None
    assert 1 == len({rank.communicate()[0] for rank in ranks})
    assert 32 == len((home / "key").read_bytes())


def test_a_key_that_another_process_is_making_is_awaited(home):
    """Whoever comes while the key is being made takes that one, and makes none of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(place.folder_for(home, URI, {})))
    with filelock.FileLock(home / "key.lock"):
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        (home / "key").write_bytes(b"k" * 32)
    thread.join(10)
    assert [place.folder_for(home, URI, {})] == found
    assert b"k" * 32 == (home / "key").read_bytes()


def test_an_environment_that_is_no_unicode_is_taken(home):
    """A variable in another encoding does not stop tracking."""
    strange = {"AWS_PROFILE": "caf\udce9"}
    assert place.folder_for(home, URI, strange) == place.folder_for(home, URI, strange)
    assert place.folder_for(home, URI, strange) != place.folder_for(home, URI, {})


SHOWN = [
    ("https://example.org/mlflow", "https://example.org/mlflow"),
    ("https://user:pass@example.org:5000/x", "https://example.org:5000/x"),
    ("https://token@example.org", "https://example.org"),
    ("https://example.org/x?token=abc&b=c", "https://example.org/x"),
    ("postgresql://u:p@ss@db/mlflow?sslmode=require", "postgresql://db/mlflow"),
    ("postgresql+psycopg2://u:pa/ss@db:5432/mlflow", "postgresql+psycopg2://db:5432/mlflow"),
    ("mysql://u:pa?ss#1@db/mlflow", "mysql://db/mlflow"),
    ("sqlite:////data/ml@flow.db", "sqlite:////data/ml@flow.db"),
    ("databricks://profile", "databricks://profile"),
    ("databricks", "databricks"),
    ("", ""),
]


@pytest.mark.parametrize(("uri", "shown"), SHOWN)
def test_a_uri_is_shown_without_credentials(uri, shown):
    """User, password and query are left out, whatever characters they hold; the place stays readable."""
    assert shown == place.without_credentials(uri)


@given(st.text("abcXYZ0189!$&'()*+,;=:@%-._~^{}|", min_size=4, max_size=12))
def test_no_password_is_ever_shown(secret):
    """Whatever a password looks like, it is not in the URI that is shown."""
    shown = place.without_credentials(f"postgresql://user:S3{secret}@db.example.org/mlflow")
    assert "postgresql://db.example.org/mlflow" == shown


def test_the_store_of_a_folder_is_known(home):
    """A later sync knows where the journals go, without any credentials; a folder that does not say is named."""
    folder = place.folder_for(home, URI, ENVIRON)
    assert "https://example.org:5000/mlflow" == place.uri_of(folder)
    assert [folder] == place.folders(home)
    for content in (b"", b"{}", b"[]", b"\xff"):
        folder.target.write_bytes(content)
        with pytest.raises(ConfigError, match=folder.path.name):
            place.uri_of(folder)
    with pytest.raises(ConfigError):
        place.uri_of(Folder(home / "nowhere"))


def test_the_home_is_the_setting_or_the_state_folder(tmp_path, monkeypatch):
    """A home that is set may be relative or begin with ~; without one the platform says where state lies."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert tmp_path / "x" == place.home("~/x")
    assert Path.cwd() / "x" == place.home("x")
    if sys.platform == "linux":
        assert tmp_path / "state" / "tracked" == place.home()


def test_the_target_is_written_once(home):
    """A second process leaves what the first wrote."""
    folder = place.folder_for(home, URI, ENVIRON)
    folder.target.write_text(json.dumps({"uri": "first"}))
    place.folder_for(home, URI, ENVIRON)
    assert "first" == place.uri_of(folder)
