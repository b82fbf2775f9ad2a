from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked.errors import ConfigError
from tracked.journal import folder as folder_module
from tracked.journal.folder import Folder, ack_of


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "stores" / "one").made()


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "..", ".", "", "a/..", "../files", "../files2/x"]
)
def test_a_name_that_leads_out_is_refused(folder, name):
    """A hostile journal cannot make us send a file from elsewhere."""
    with pytest.raises(ConfigError, match="not inside"):
        folder.stored(name)


@given(st.text())
def test_every_accepted_name_is_inside(tmp_path_factory, name):
    """Whatever a record calls its copy, it is below the folder of copies, or refused."""
    folder = Folder(tmp_path_factory.getbasetemp() / "any")
    try:
        path = folder.stored(name)
    except ConfigError:
        return
    assert folder.files in path.parents
    assert ".." not in path.relative_to(folder.files).parts


def test_snapshots_of_one_name_do_not_meet(folder):
    """Two files of one name are kept apart, each under its own name."""
    (name, path), (other, second) = folder.new_snapshot("w.bin"), folder.new_snapshot("w.bin")
    assert path != second
    assert ["w.bin", "w.bin"] == [path.name, second.name]
    assert (path, second) == (folder.stored(name), folder.stored(other))


def test_journals_are_listed_in_the_order_of_their_beginning(folder):
    """The oldest journal is delivered first; files that are none are left out."""
    for name in ("2-1-b.journal", "1-9-c.journal", "1-9-c.ack", "3-1-a.new", "ids.log"):
        (folder.path / name).touch()
    assert ["1-9-c.journal", "2-1-b.journal"] == [path.name for path in folder.journals()]
    assert folder.path / "1-9-c.ack" == ack_of(folder.journals()[0])


def test_making_a_folder_again_changes_nothing(folder):
    """Any process may make sure that the folder is there and closed to others."""
    (folder.files / "x").touch()
    folder.path.chmod(0o755)
    assert folder == folder.made()
    assert (folder.files / "x").exists()
    assert 0o700 == folder.path.stat().st_mode & 0o777


def test_what_is_printed_does_not_grow_without_end(tmp_path, mocker):
    """At its size it is kept once beside, and whoever has it open goes on in the new one, two at once as well."""
    mocker.patch.object(folder_module, "MOST_SPEECH", 1000)
    folder = Folder(tmp_path)
    folder.shorten_speech()  # nobody has printed anything
    with folder.speech.open("a") as one, folder.speech.open("a") as other:
        for i in range(300):
            print(f"one {i:04d}", file=one, flush=True)
            print(f"other {i:04d}", file=other, flush=True)
            folder.shorten_speech()
            Folder(tmp_path).shorten_speech()
    said = [path.read_text() for path in (tmp_path / "shipper.log.1", folder.speech)]
    assert "\0" not in "".join(said)
    assert [True, True] == [len(text) < 1100 for text in said]
    assert "".join(said).endswith("one 0299\nother 0299\n")
