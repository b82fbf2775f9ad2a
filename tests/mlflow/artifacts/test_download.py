from __future__ import annotations

import hashlib

import pytest

from tracked.errors import ArtifactNotFound, BackendUnavailable, ConfigError, DigestMismatch
from tracked.mlflow.artifacts.download import fetch

CONTENTS = {"a.txt": b"a", "m/ü x.bin": b"b" * 5000, "m/deep/empty": b""}


@pytest.fixture
def filled(place):
    """A run with artifacts, as a reader finds it."""
    place.send(**CONTENTS)
    place.restart()
    return place


@pytest.fixture
def on_disk(local_place):
    """The same on a folder of this machine only."""
    local_place.send(**CONTENTS)
    local_place.restart()
    return local_place


@pytest.fixture
def dst(tmp_path):
    return tmp_path / "not yet" / "there"


def read(path):
    """Names below the path and bytes."""
    if path.is_file():
        return {"": path.read_bytes()}
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def test_everything_a_folder_or_a_file(filled, dst):
    """Each lands at its path below the folder, byte for byte; manifests do not come along."""
    assert CONTENTS == read(fetch(filled.repository, "", dst / "all"))
    folder = fetch(filled.repository, "m/", dst)
    assert (dst / "m", {"ü x.bin": b"b" * 5000, "deep/empty": b""}) == (folder, read(folder))
    file = fetch(filled.repository, "a.txt", dst)
    assert (dst / "a.txt", b"a") == (file, file.read_bytes())
    assert ["a.txt", "all", "m"] == sorted(path.name for path in dst.iterdir())


def test_without_a_place_it_is_a_new_one(on_disk):
    """Two calls never meet."""
    first, second = (fetch(on_disk.repository, "m", None) for _ in range(2))
    assert first != second
    assert read(first) == read(second)


def test_what_is_here_already_is_not_fetched_again(on_disk, dst, mocker):
    """The digests of what lies there tell that nothing need move."""
    fetch(on_disk.repository, "m", dst)
    get = mocker.spy(on_disk.repository, "get")
    fetch(on_disk.repository, "m", dst)
    assert ["m/" not in call.args[0] for call in get.call_args_list] == [True] * get.call_count


@pytest.mark.parametrize("path", ["m", "a.txt"])
def test_what_is_in_the_way_is_never_overwritten(on_disk, dst, path):
    """A folder or file of somebody else's stays as it is, and the error names it."""
    (dst / path).parent.mkdir(parents=True)
    (dst / path).mkdir()
    (dst / path / "mine").write_text("mine")
    with pytest.raises(ConfigError, match="there already"):
        fetch(on_disk.repository, path, dst)
    assert {f"{path}/mine": b"mine"} == read(dst)


@pytest.mark.parametrize("path", ["m", ""])
def test_changed_bytes_are_told_and_nothing_stays(filled, dst, tmp_path, path):
    """Somebody has written over an artifact: the error names it and both digests, and no half of it is left."""
    other = tmp_path / "ü x.bin"
    other.write_bytes(b"x" * 5000)
    filled.client.log_artifact(filled.run_id, str(other), "m")
    with pytest.raises(DigestMismatch, match="ü x") as raised:
        fetch(filled.repository, path, dst)
    assert hashlib.sha256(b"b" * 5000).hexdigest()[:12] in str(raised.value)
    assert not dst.parent.exists()


def test_what_is_gone_is_told(filled, dst):
    """A file that was sent and is not there any more is no complete download."""
    filled.repository.remove("m/deep/empty")
    with pytest.raises(ArtifactNotFound, match="m/deep/empty"):
        fetch(filled.repository, "m", dst)
    assert b"a" == fetch(filled.repository, "a.txt", dst).read_bytes()


@pytest.mark.parametrize("path", ["b.txt", "m/x", "a.txt/x", "../a.txt"])
def test_an_unknown_artifact_is_told_with_those_there_are(on_disk, dst, path):
    """The error says what was looked for; nothing is made."""
    with pytest.raises(ArtifactNotFound, match=path.rpartition("/")[2]):
        fetch(on_disk.repository, path, dst)
    assert not dst.parent.exists()


def test_what_mlflow_itself_logged_comes_unverified(filled, dst, tmp_path):
    """There is no digest to hold it against: it is fetched as it is, beside ours."""
    (tmp_path / "plain.txt").write_text("plain")
    filled.client.log_artifact(filled.run_id, str(tmp_path / "plain.txt"), "m")
    assert b"plain" == read(fetch(filled.repository, "m", dst))["plain.txt"]


@pytest.mark.parametrize(
    "name",
    ["../../evil", "m/../../evil", "/etc/evil", "m/\0evil", "elsewhere/evil", "C:/evil", "m/..", "m/./../.."],
)
def test_no_name_from_the_store_leaves_the_folder(on_disk, dst, mocker, name):
    """A hostile store cannot write where nobody asked for it."""
    mocker.patch.object(on_disk.repository, "sizes", return_value={name: 1})
    get = mocker.spy(on_disk.repository, "get")
    with pytest.raises(DigestMismatch, match="leads out"):
        fetch(on_disk.repository, "m", dst, {})
    assert 0 == get.call_count
    assert not dst.parent.exists()


def test_a_broken_connection_leaves_nothing(on_disk, dst, mocker):
    """What was fetched before it broke is removed; the next try begins anew."""
    real = on_disk.repository.get

    def breaking(name, target):
        if name.endswith("empty"):
            raise BackendUnavailable("down")
        real(name, target)

    mocker.patch.object(on_disk.repository, "get", breaking)
    with pytest.raises(BackendUnavailable):
        fetch(on_disk.repository, "m", dst, {})
    assert not dst.parent.exists()


def test_a_place_that_cannot_be_written_is_told(on_disk, tmp_path):
    """A file where a folder is needed is an error of the call, with its path."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file"):
        fetch(on_disk.repository, "m", tmp_path / "file")
