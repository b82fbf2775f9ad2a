from __future__ import annotations

import os
import tracemalloc
from functools import partial

import pytest

from tests.journals import RUN
from tracked.errors import ConfigError
from tracked.journal import snapshot
from tracked.journal.folder import Folder
from tracked.journal.snapshot import Shelf, taken
from tracked.picking import Choice, Remark
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


def copied(folder, content, name=None, *, move=False, **choice):
    """The record of a snapshot, and what is remarked."""
    found = list(taken(Shelf(folder, "owner", move), RUN, content, name, Choice(**choice)))
    records = [record for record in found if isinstance(record, Artifact)]
    return (records or [None])[-1], [remark for remark in found if isinstance(remark, Remark)]


def kept(folder, content, name=None, **options):
    """Names and bytes of what is kept."""
    record, remarks = copied(folder, content, name, **options)
    assert [] == remarks
    return files_of(folder, record)


def files_of(folder, record):
    """Names and bytes of a snapshot: of one file, or of all in a folder."""
    path = folder.stored(record.stored)
    inside = sorted(p for p in path.rglob("*") if p.is_file())
    found = {f"{record.name}/{p.relative_to(path).as_posix()}": p.read_bytes() for p in inside}
    found = {record.name: path.read_bytes()} if path.is_file() else found
    assert record.size == sum(map(len, found.values()))
    return found


def test_later_changes_do_not_show(folder, source):
    """An artifact is what the file was at the call, also when the file is then changed in place."""
    record, _ = copied(folder, source)
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
        copied(folder, b"text")


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
        copied(folder, source, name)


def test_a_name_is_a_clean_path(folder, source):
    """Slashes at the ends, doubled ones and those of Windows make the same name."""
    names = ("/m/w.bin", "m//w.bin", "./m/w.bin/", "m\\w.bin")
    assert [["m/w.bin"]] * 4 == [list(kept(folder, source, name)) for name in names]


def test_the_copy_is_called_as_the_artifact(folder, source):
    """MLflow takes an artifact's name from its file: a renamed artifact has a renamed copy."""
    record, _ = copied(folder, source, "model/final.bin")
    assert record == Artifact(RUN, "model/final.bin", record.stored, len(CONTENT))
    assert record.stored.endswith("/final.bin")


def test_what_is_not_there_is_an_error_that_names_it(folder, tmp_path):
    """A missing path is told with its name, and leaves nothing behind."""
    with pytest.raises(ConfigError, match=r"gone\.bin"):
        copied(folder, tmp_path / "gone.bin")
    assert [] == list(folder.files.iterdir())


def test_a_folder_is_one_record(folder, tmp_path):
    """Whatever a folder holds, the journal tells of it once, when all of it is kept."""
    (tmp_path / "model").mkdir()
    for number in range(50):
        (tmp_path / "model" / f"{number} é").write_bytes(b"x" * number)
    record, remarks = copied(folder, tmp_path / "model")
    assert (50, []) == (len(files_of(folder, record)), remarks)
    assert 1 == len(list(folder.files.iterdir()))


@pytest.fixture
def mixed(tmp_path):
    """A folder with good files and bad ones."""
    top = tmp_path / "mixed"
    top.mkdir()
    for name in ("a", "b", "c"):
        (top / name).write_text(name)
    (tmp_path / "secret").write_text("secret")
    (top / "out").symlink_to(tmp_path / "secret")
    (top / "same").symlink_to("a")
    os.mkfifo(top / "pipe")
    return top


@pytest.mark.parametrize("move", [False, True])
def test_bad_files_cost_themselves_only(folder, mixed, move):
    """What cannot be kept is named, and the others go on; a link is kept as what it leads to."""
    record, remarks = copied(folder, mixed, move=move)
    assert {"mixed/a": b"a", "mixed/b": b"b", "mixed/c": b"c", "mixed/same": b"a"} == files_of(folder, record)
    assert ["out", "pipe"] == [remark.inner for remark in remarks]
    assert (["out", "pipe"] == sorted(p.name for p in mixed.iterdir())) is move


def test_a_file_that_vanishes_meanwhile_costs_itself_only(folder, mixed, mocker):
    """Between the look at the folder and the copy a file may go: it is named, its neighbours are kept."""
    real = snapshot._copy

    def vanishing(source, target):
        if source.name == "b":
            source.unlink()
        return real(source, target)

    mocker.patch("tracked.journal.snapshot._copy", vanishing)
    record, remarks = copied(folder, mixed)
    assert {"mixed/a", "mixed/c", "mixed/same"} == files_of(folder, record).keys()
    assert "b" in [remark.inner for remark in remarks]


def test_a_full_disk_leaves_no_half_of_a_file(folder, mixed, mocker):
    """A file that cannot be copied to its end is not there at all."""
    real = snapshot.shutil.copyfileobj

    def full(read, write, *size):
        if read.name.endswith("b"):
            raise OSError(28, "No space left on device")
        return real(read, write, *size)

    mocker.patch("tracked.journal.snapshot.shutil.copyfileobj", full)
    record, remarks = copied(folder, mixed)
    assert "mixed/b" not in files_of(folder, record)
    assert "No space left" in next(remark.text for remark in remarks if remark.inner == "b")


def test_a_file_that_changes_while_it_is_copied_is_kept_and_told(folder, source, mocker):
    """What was read is kept, and it is said that it may be of two states."""
    real = snapshot.shutil.copyfileobj

    def changing(read, write, *size):
        with source.open("ab") as file:
            file.write(b"more")
        return real(read, write, *size)

    mocker.patch("tracked.journal.snapshot.shutil.copyfileobj", changing)
    record, (remark,) = copied(folder, source)
    assert CONTENT == folder.stored(record.stored).read_bytes()[: len(CONTENT)]
    assert "changed while it was copied" in remark.text


@pytest.mark.parametrize("content", [b"12345", "file", "dir"])
def test_what_is_too_large_is_left_out(folder, tmp_path, content):
    """The limit holds for bytes, a file and each file of a folder; nothing of it is copied."""
    (tmp_path / "dir").mkdir()
    for name in ("file", "dir/large"):
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "dir" / "small").write_bytes(b"1")
    given = content if isinstance(content, bytes) else tmp_path / content
    record, (remark,) = copied(folder, given, "x", max_bytes=4)
    assert "artifact_max_bytes" in remark.text
    assert ({"x/small": b"1"} if content == "dir" else None) == (record and files_of(folder, record))


def test_a_folder_without_a_file_is_said(folder, tmp_path):
    """Nothing is recorded of a folder in which nothing is chosen, nothing is left of it, and it is told."""
    (tmp_path / "empty").mkdir()
    record, (remark,) = copied(folder, tmp_path / "empty")
    assert (None, True, []) == (record, "no file in it" in remark.text, list(folder.files.iterdir()))


def test_manifests_have_a_place_of_their_own(folder, source):
    """Nobody can put a file among the manifests by its name."""
    with pytest.raises(ConfigError, match=r"\.tracked"):
        copied(folder, source, ".tracked/manifest-1.json")


def test_what_is_left_of_a_dead_writer_goes_but_for_what_is_put_aside(folder):
    """A crash in the middle of a snapshot leaves nothing for ever; a copy that was put aside stays."""
    for number, owner in enumerate(("one", "one", "other")):
        stored, path = folder.new_snapshot("w.bin", owner)
        path.write_text(str(number))
        if number == 1:
            folder.aside.write_text(f'["{stored}"]')
    folder.sweep("one")
    assert ["1", "2"] == sorted(path.read_text() for path in folder.files.rglob("w.bin"))


@pytest.mark.slow
def test_ten_thousand_files_take_little_memory(folder, tmp_path):
    """A snapshot of very many files is one record, and what it needs is not much more than their names."""
    top = tmp_path / "many"
    for number in range(10_000):
        place = top / str(number % 100)
        place.mkdir(parents=True, exist_ok=True)
        (place / str(number)).write_bytes(b"%d" % number)
    tracemalloc.start()
    record, _ = copied(folder, top)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 10_000 == len(files_of(folder, record))
    assert peak < 5_000_000
