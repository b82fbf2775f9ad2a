from __future__ import annotations

import os
import time

import pytest

from tracked.shipper import status
from tracked.shipper.status import Status, Teller, read_status


def test_what_is_told_can_be_read(tmp_path):
    """Whoever waits sees the phase, the error, the count of what was put aside, and who told it when."""
    Teller(tmp_path / "s.json").tell(status.WAITING, "connection refused", 3)
    found = read_status(tmp_path / "s.json")
    assert Status(status.WAITING, os.getpid(), found.time, "connection refused", 3) == found
    assert abs(time.time() - found.time) < 5


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"5", b'{"unknown": 1}', b"\xff"])
def test_an_unreadable_status_is_none(tmp_path, content):
    """A status that is missing or spoilt means that nobody is known to work."""
    if content is not None:
        (tmp_path / "s.json").write_bytes(content)
    assert Status() == read_status(tmp_path / "s.json")
    assert status.GONE == Status().phase


def test_the_same_news_is_not_written_at_every_round(tmp_path, mocker):
    """Telling costs nothing while nothing changes, and a sign of life comes all the same."""
    clock = mocker.patch("tracked.shipper.status.time.time", return_value=1000.0)
    write = mocker.patch("tracked.journal.disk.replace")
    teller = Teller(tmp_path / "s.json")
    for now, count in ((1000.0, 1), (1000.4, 1), (1000.6, 2), (1000.7, 2)):
        clock.return_value = now
        teller.tell(status.SHIPPING)
        assert count == write.call_count
    teller.tell(status.IDLE)
    teller.tell(status.IDLE, "", 1)
    assert 4 == write.call_count


def test_where_nothing_can_be_written_nothing_is_raised(tmp_path):
    """A status is only words: a full disk or a lost folder stops no delivery."""
    teller = Teller(tmp_path / "gone" / "s.json")
    teller.tell(status.SHIPPING)
    assert status.SHIPPING == teller.last.phase
