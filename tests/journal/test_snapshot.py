from __future__ import annotations

import os
from functools import partial

import pytest

from tests.journals import RUN
from tracked.errors import ConfigError
from tracked.journal.folder import Folder
from tracked.journal.snapshot import taken
from tracked.records import Artifact

CONTENT = bytes(range(256)) * 5000


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(CONTENT)
    return path


def kept(folder, content, name=None, **options):
    """Names and bytes of the snapshots."""
    records = list(taken(folder, RUN, content, name, **options))
    found = {record.name: folder.stored(record.stored).read_bytes() for record in records}
    assert [len(found[record.name]) for record in records] == [record.size for record in records]
    return found


def test_later_changes_do_not_show(folder, source):
    """An artifact is what the file was at the call, also when the file is then changed in place."""
    (record,) = taken(folder, RUN, source)
    with source.open("r+b") as file:
        file.write(b"changed")
    assert folder.stored(record.stored).read_bytes() == CONTENT


def copy_some(real, source, target, _, left):
    """A kernel that copies a little and then no more."""
    size = next(left, None)
    if size is None:
        raise OSError("cannot")
    return real(source, target, size)


kernel = pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="this kernel copies nothing itself")


@kernel
def test_without_help_of_the_kernel_a_copy_is_whole(folder, source, mocker):
    """Where the kernel cannot copy, or stops in the middle, the bytes are the same."""
    real = os.copy_file_range
    copied = partial(copy_some, real, left=iter([1000]))
    mocker.patch("os.copy_file_range", copied)
    assert {"weights.bin": CONTENT} == kept(folder, source)


@kernel
def test_a_kernel_that_copies_nothing_is_no_empty_artifact(folder, source, mocker):
    """Some files (of /proc, of some mounts) look empty to the kernel's copy: they are read instead."""
    mocker.patch("os.copy_file_range", return_value=0)
    assert {"weights.bin": CONTENT} == kept(folder, source)


def test_moving_gives_the_file_away(folder, source):
    """``move`` leaves no copy behind, and keeps the bytes."""
    assert {"weights.bin": CONTENT} == kept(folder, source, move=True)
    assert not source.exists()


def test_bytes_need_a_name_and_keep_it(folder):
    """Bytes have no name of their own."""
    assert {"a/b.txt": b"text"} == kept(folder, b"text", "a/b.txt")
    with pytest.raises(ConfigError, match="needs a name"):
        list(taken(folder, RUN, b"text"))


def test_a_folder_is_all_its_files(folder, tmp_path):
    """Every file of a folder is kept at its place in it, below the folder's name or the one given."""
    for name in ("model/a.txt", "model/deep/b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert ["model/a.txt", "model/deep/b.txt"] == list(kept(folder, tmp_path / "model"))
    assert ["best/a.txt", "best/deep/b.txt"] == list(kept(folder, tmp_path / "model", "best"))


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..", "a\\..\\..\\x"])
def test_a_name_that_leads_out_of_the_run_is_refused(folder, source, name):
    """An artifact lies inside its run."""
    with pytest.raises(ConfigError, match="inside its run"):
        list(taken(folder, RUN, source, name))


def test_a_name_is_a_clean_path(folder, source):
    """Slashes at the ends, doubled ones and those of Windows make the same name."""
    names = ("/m/w.bin", "m//w.bin", "./m/w.bin/", "m\\w.bin")
    assert [["m/w.bin"]] * 4 == [list(kept(folder, source, name)) for name in names]


def test_the_copy_is_called_as_the_artifact(folder, source):
    """MLflow takes an artifact's name from its file: a renamed artifact has a renamed copy."""
    (record,) = taken(folder, RUN, source, "model/final.bin")
    assert record == Artifact(RUN, "model/final.bin", record.stored, len(CONTENT))
    assert record.stored.endswith("/final.bin")


def test_what_is_not_there_is_an_error_that_names_it(folder, tmp_path):
    """A missing path is told with its name, and leaves nothing behind."""
    with pytest.raises(ConfigError, match=r"gone\.bin"):
        list(taken(folder, RUN, tmp_path / "gone.bin"))
    assert [] == list(folder.files.iterdir())
