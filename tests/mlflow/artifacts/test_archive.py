from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile

import pytest

from tracked.errors import ConfigError
from tracked.mlflow.artifacts.archive import create_checkpoint_archive


@pytest.fixture
def checkpoint(tmp_path):
    """A folder as trainings leave it."""
    folder = tmp_path / "checkpoint"
    (folder / "deep dir").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights" * 1000)
    (folder / "deep dir" / "ü.json").write_text("{}")
    (folder / "empty").touch()
    return folder


def members(path):
    """Names and bytes in an archive."""
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_an_archive_holds_the_files_and_its_manifest_tells_them(checkpoint, tmp_path):
    """Every file is there below one folder, and the manifest names each with size and digest, and the archive too."""
    path, manifest = create_checkpoint_archive(checkpoint, 7, tmp_path / "a.tar.gz")
    names = ["deep dir/ü.json", "empty", "model.safetensors"]
    assert [f"best_trial_checkpoint/{name}" for name in names] == list(members(path))
    told = {file["path"]: (file["size"], file["sha256"]) for file in manifest["files"]}
    contents = {name: (checkpoint / name).read_bytes() for name in names}
    assert {n: (len(c), hashlib.sha256(c).hexdigest()) for n, c in contents.items()} == told
    assert (7, "tar.gz", 3, 7002) == tuple(
        manifest[k] for k in ("trial_number", "archive_format", "file_count", "total_size")
    )
    assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest["archive_sha256"]
    assert path.stat().st_size == manifest["archive_size"]


def test_the_same_files_make_the_same_bytes(checkpoint, tmp_path):
    """Times, owners, modes and the name of the archive do not show: a second upload is the same artifact."""
    first, _ = create_checkpoint_archive(checkpoint, 1, tmp_path / "one.tar.gz")
    for file in checkpoint.iterdir():
        os.utime(file, (1, 1))
        file.chmod(0o700)
    second, _ = create_checkpoint_archive(checkpoint, 2)
    assert second.name == "best_trial_checkpoint.tar.gz"
    assert first.read_bytes() == second.read_bytes()
    # Neither a name nor a time in gzip's own header: within one second the bytes would be the same with them.
    assert bytes(5) == first.read_bytes()[3:8]


def test_an_archive_in_its_own_folder_does_not_swallow_itself(checkpoint):
    """Packed a second time into the folder that is packed, it has the same bytes."""
    path, _ = create_checkpoint_archive(checkpoint, 1, checkpoint / "a.tar.gz")
    content = path.read_bytes()
    create_checkpoint_archive(checkpoint, 1, checkpoint / "a.tar.gz")
    assert content == path.read_bytes()


def test_what_cannot_be_packed_is_named(checkpoint, tmp_path, capsys):
    """A link that leaves the folder is refused and named, in the manifest and aloud; links inside are followed."""
    (tmp_path / "secret").write_text("secret")
    (checkpoint / "out").symlink_to(tmp_path / "secret")
    (checkpoint / "best").symlink_to("model.safetensors")
    (checkpoint / "round").symlink_to(checkpoint)
    os.mkfifo(checkpoint / "pipe")
    path, manifest = create_checkpoint_archive(checkpoint, None)
    assert ["out", "pipe", "round"] == [skipped["path"] for skipped in manifest["skipped"]]
    assert "leaves the folder" in manifest["skipped"][0]["reason"]
    assert b"secret" not in b"".join(members(path).values())
    assert members(path)["best_trial_checkpoint/best"] == b"weights" * 1000
    assert "'out'" in capsys.readouterr().err


def test_rubbish_is_left_out(checkpoint):
    """What no checkpoint needs is not in the archive, wherever it lies."""
    for name in ("a.tmp", "deep dir/train.log", "x.pyc"):
        (checkpoint / name).touch()
    (checkpoint / "deep dir" / "__pycache__").mkdir()
    (checkpoint / "deep dir" / "__pycache__" / "y").touch()
    assert 3 == create_checkpoint_archive(checkpoint, 1)[1]["file_count"]


@pytest.mark.parametrize("name", ["gone", "empty folder", "file"])
def test_nothing_to_pack_is_an_error_and_leaves_nothing(name, tmp_path):
    """A folder that is missing, empty or none is told by name, and no archive appears."""
    (tmp_path / "empty folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match=name):
        create_checkpoint_archive(tmp_path / name, 1, tmp_path / "out" / "a.tar.gz")
    assert [] == list((tmp_path / "out").iterdir())


def test_a_file_that_shrinks_while_it_is_packed_makes_no_archive(checkpoint, tmp_path, mocker):
    """Half of one state and half of another is no checkpoint: it is an error, and nothing half-written stays."""
    real = tarfile.TarFile.addfile

    def shrinking(tar, member, file):
        if member.name.endswith("model.safetensors"):
            os.truncate(checkpoint / "model.safetensors", 10)
        return real(tar, member, file)

    mocker.patch("tarfile.TarFile.addfile", shrinking)
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match=r"model\.safetensors.*changed"):
        create_checkpoint_archive(checkpoint, 1, tmp_path / "out" / "a.tar.gz")
    assert [] == list((tmp_path / "out").iterdir())


def test_packing_needs_no_mlflow():
    """Whoever only packs does not wait for MLflow."""
    program = "import sys, tracked.mlflow.artifacts.archive; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()
