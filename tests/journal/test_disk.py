from __future__ import annotations

import pytest

from tracked.journal import disk


def test_a_replaced_file_is_never_half_written(tmp_path, mocker):
    """Until the new content is complete, a reader has the old one."""
    path = tmp_path / "status.json"
    disk.replace(path, b"old")
    mocker.patch("os.write", side_effect=OSError("full"))
    with pytest.raises(OSError, match="full"):
        disk.replace(path, b"new and long")
    assert b"old" == path.read_bytes()


def test_files_are_for_their_owner_only(tmp_path):
    """Appended or replaced, nobody else reads them."""
    disk.append(tmp_path / "a", b"x")
    disk.replace(tmp_path / "b", b"x")
    assert [0o600, 0o600] == [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"]


def test_appending_adds(tmp_path):
    """What was there stays."""
    for text in (b"one ", b"two"):
        disk.append(tmp_path / "a", text)
    assert b"one two" == (tmp_path / "a").read_bytes()


def test_replacing_leaves_nothing_else(tmp_path):
    """No temporary file stays behind."""
    (tmp_path / "folder").mkdir()
    for _ in range(2):
        disk.replace(tmp_path / "folder" / "a.json", b"x")
    assert ["a.json"] == [path.name for path in (tmp_path / "folder").iterdir()]
