from __future__ import annotations

import json
import os
import resource
import tracemalloc
from pathlib import Path

import pytest

from tracked.errors import BackendUnavailable, Refused
from tracked.mlflow.artifacts import manifest, upload
from tracked.mlflow.artifacts.upload import manifests
from tracked.ports import File

NAMES = (
    "plain.txt",
    "with space.txt",
    "ü/é ñ 日本.bin",
    "100%.txt",
    "a+b;c&d=e.txt",
    "a/b/c/deep",
)


def known(place):
    return manifest.merged(manifests(place.repository).values())


def test_files_arrive_under_their_exact_names(place):
    """Spaces, letters of all scripts, signs and folders: the name among the artifacts is the one asked for."""
    contents = {name: name.encode() for name in NAMES} | {"empty": b""}
    assert {} == place.send(**contents)
    assert contents == place.stored()


def test_a_manifest_tells_each_file_with_its_digest(place):
    """Path, size and SHA-256 of all that was sent lie in the run, where plain MLflow finds them too."""
    place.send(**{"a.txt": "abc", "m/empty": ""})
    (path,) = place.client.list_artifacts(place.run_id, ".tracked")
    told = json.loads(Path(place.client.download_artifacts(place.run_id, path.path)).read_text())
    assert "tracked.manifest/1" == told["schema"]
    assert {"a.txt": 3, "m/empty": 0} == {name: fields["size"] for name, fields in told["files"].items()}
    assert told["files"]["a.txt"]["sha256"].startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize("again", ["the same shipper", "another one"])
def test_what_is_there_already_is_not_sent_again(place, again):
    """The second upload of the same files moves none of them; a changed one, and a new one, go."""
    place.send(**{"m/a": "1", "m/b": "2"})
    if again == "another one":
        place.restart()
    place.repository.taken()
    place.send(**{"m/a": "1", "m/b": "2"})
    assert [] == place.repository.taken()
    place.send(**{"m/a": "1", "m/b": "other", "m/c": "3"})
    assert ["m/b", "m/c"] == place.repository.taken()
    assert {"m/a": b"1", "m/b": b"other", "m/c": b"3"} == place.stored()


def test_what_was_deleted_in_the_store_is_sent_again(place):
    """The manifest alone is not believed: the store must still tell of the file with this size."""
    place.send(**{"m/a": "1", "m/b": "2"})
    place.repository.remove("m/a")
    place.repository.taken()
    place.send(**{"m/a": "1", "m/b": "2"})
    assert ["m/a"] == place.repository.taken()


def test_after_an_outage_it_goes_on(place):
    """What went through before the connection broke is not sent again, and not hashed again either."""
    files = place.files({f"m/{n}": str(n) for n in range(9)})
    place.repository.fails["m/7"] = BackendUnavailable("down")
    with pytest.raises(BackendUnavailable):
        place.send_files(files)
    through = set(place.repository.taken())
    assert "m/7" not in through
    place.repository.fails.clear()
    assert {} == place.send_files(files)
    assert through.isdisjoint(place.repository.taken())
    assert 9 == len(place.stored()) == len(known(place))


def test_after_a_crash_it_goes_on_from_the_last_manifest(local_place, monkeypatch):
    """A shipper that died in the middle of a folder leaves a manifest of what it had confirmed by then."""
    monkeypatch.setattr(upload, "SLICE_FILES", 4)
    files = local_place.files({f"m/{n}": str(n) for n in range(9)})
    local_place.repository.fails["m/7"] = BackendUnavailable("down")
    with pytest.raises(BackendUnavailable):
        local_place.send_files(files)
    local_place.restart()
    local_place.send_files(files)
    assert {"m/0", "m/1", "m/2", "m/3"}.isdisjoint(local_place.repository.taken())
    assert 9 == len(local_place.stored()) == len(known(local_place))


def test_two_shippers_of_one_run_keep_each_other_s_entries(local_place):
    """Each writes a manifest of its own; together they tell of all files, the later of one name counting."""
    local_place.send(a="1", both="first")
    local_place.restart()
    local_place.send(b="2", both="second")
    assert {"a", "b", "both"} == known(local_place).keys()
    assert 6 == known(local_place)["both"].size
    assert 2 == len(manifests(local_place.repository))


@pytest.mark.parametrize("name", ["../x", "/abs", "", "a/../../b"])
def test_a_bad_name_costs_itself_only(local_place, name):
    """Neighbours of a name that leaves the run's folder are there."""
    files = local_place.files({"a": "1", "x": "2", "b": "3"})
    files[1] = File(name, files[1].source)
    assert {name} == local_place.send_files(files).keys()
    assert {"a": b"1", "b": b"3"} == local_place.stored()


@pytest.mark.server
@pytest.mark.parametrize("name", ["a#b.txt", "a?b.txt", "a%41b.txt", "x\udcff"])
def test_a_name_that_would_arrive_as_another_is_refused(server_place, name):
    """MLflow's server stores ``a#b`` as ``a``, over a neighbour of that name: we refuse it, and say why."""
    files = server_place.files({"a": "neighbour", "c": "x"})
    refused = server_place.send_files([*files, File(name, files[1].source)])
    assert "under another name" in refused[name]
    assert {"a": b"neighbour", "c": b"x"} == server_place.stored()


def test_a_store_that_has_something_else_is_not_believed(local_place, mocker):
    """A file whose size does not come back right is not confirmed: its copy stays, and the reason tells both sizes."""
    real = local_place.repository.sizes
    mocker.patch.object(
        local_place.repository, "sizes", lambda folder: {n: s and s + 1 for n, s in real(folder).items()}
    )
    refused = local_place.send(a="12345")
    assert "5 bytes" in refused["a"]
    assert "6" in refused["a"]
    assert {} == known(local_place)


def test_where_nobody_may_look_what_was_sent_counts(local_place, mocker):
    """A login that may write and not list is no reason to hold everything up."""
    mocker.patch.object(local_place.repository, "sizes", side_effect=Refused("forbidden"))
    local_place.uploads.is_new(local_place.run_id)
    assert {} == local_place.send(a="1")
    assert {"a": b"1"} == local_place.stored()


def test_a_file_that_is_gone_costs_itself_only(local_place):
    """Its name and path are told."""
    files = local_place.files({"a": "1", "b": "2"})
    files[0].source.unlink()
    assert str(files[0].source) in local_place.send_files(files)["a"]
    assert {"b": b"2"} == local_place.stored()


def test_removal_is_exact(place):
    """``step-1`` goes with all that is in it, and ``step-10`` stays; what is gone is not told of any more."""
    place.send(**{"c/step-1/w": "1", "c/step-10/w": "10", "c/step-1.txt": "x"})
    place.uploads.remove(place.run_id, "c/step-1")
    assert {"c/step-10/w": b"10", "c/step-1.txt": b"x"} == place.stored()
    assert known(place)["c/step-1/w"].is_gone
    place.restart()
    place.send(**{"c/step-1/w": "1"})
    assert b"1" == place.stored()["c/step-1/w"]
    assert not known(place)["c/step-1/w"].is_gone


def test_where_nothing_can_be_removed_it_is_no_longer_told_of(local_place, mocker):
    """Not every store can delete: the manifest says that the file is gone all the same."""
    local_place.send(a="1")
    mocker.patch.object(
        local_place.repository, "remove", side_effect=BackendUnavailable("Not implemented yet")
    )
    local_place.uploads.remove(local_place.run_id, "a")
    assert known(local_place)["a"].is_gone


def test_a_local_store_takes_our_copy_over(local_place):
    """No byte is copied to a folder of this machine, and freeing our copy leaves the store's."""
    (file,) = local_place.files({"m/w": "weights"})
    inode = file.source.stat().st_ino
    local_place.send_files([file])
    stored = local_place.repository.folder / "m" / "w"
    assert inode == stored.stat().st_ino
    local_place.send_files([file])
    file.source.unlink()
    assert "weights" == stored.read_text()


def test_a_file_that_has_another_name_is_copied(local_place):
    """Whoever holds a second name of a moved file could change the artifact through it."""
    (file,) = local_place.files({"w": "weights"})
    held = file.source.with_name("held")
    os.link(file.source, held)
    local_place.send_files([file])
    held.write_text("changed")
    assert {"w": b"weights"} == local_place.stored()


def test_signs_of_life_are_given(local_place):
    """Whoever waits for a long upload sees that it goes on."""
    local_place.send(a="1", b="2", c="3")
    assert 3 <= len(local_place.signs)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema": "tracked.manifest/1", "files": {"a": 1}}', b"null"]
)
def test_a_torn_manifest_costs_a_transfer_only(local_place, content):
    """What cannot be read is no manifest: the files are sent again."""
    local_place.send(a="1")
    (name,) = manifests(local_place.repository)
    torn = local_place.folder / name.rpartition("/")[2]
    torn.write_bytes(content)
    local_place.repository.put(torn, name)
    local_place.restart()
    assert {} == local_place.send(a="1")
    assert ["a"] == local_place.repository.taken()


@pytest.mark.slow
def test_ten_thousand_small_files(place, tmp_path):
    """They all arrive, with few manifests and little memory, and once more none of them moves."""
    files = place.files({f"d{n % 20}/{n}": str(n) for n in range(10_000)})
    tracemalloc.start()
    assert {} == place.send_files(files)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 10_000 == len(known(place)) == len(place.repository.taken())
    assert place.repository.manifests <= 21
    assert peak < 60_000_000
    place.send_files(files)
    assert [] == place.repository.taken()


@pytest.mark.slow
def test_one_large_file_takes_little_memory(place, tmp_path):
    """A file of 1 GiB is read piece by piece, whatever the store."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert {} == place.send_files([File("large.bin", path)])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000
    assert {"large.bin": 1 << 30} == {n: s for n, s in place.repository.sizes("").items() if n == "large.bin"}
