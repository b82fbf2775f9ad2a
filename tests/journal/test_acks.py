from __future__ import annotations

import pytest

from tracked.journal import acks, disk
from tracked.journal.acks import Ack, read_ack, write_ack
from tracked.journal.folder import ack_of


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "1-1-one.journal"


def test_the_last_acknowledgement_counts(journal):
    """How far a journal is delivered, and which of its runs are open, survives the shipper."""
    assert Ack() == read_ack(journal)
    for at in (10, 20, 30):
        write_ack(journal, Ack(at, ("a", "b")))
        assert Ack(at, ("a", "b")) == read_ack(journal)


def test_a_torn_acknowledgement_is_none(journal):
    """What a crash tore off counts as not delivered: it is sent again, never skipped."""
    write_ack(journal, Ack(10))
    size = ack_of(journal).stat().st_size
    write_ack(journal, Ack(20))
    content = ack_of(journal).read_bytes()
    for cut in range(size, len(content)):
        ack_of(journal).write_bytes(content[:cut])
        assert read_ack(journal) in (Ack(10), Ack(20))
        # Only the last byte, the newline, may be missing from an acknowledgement that counts.
        assert (Ack(20) == read_ack(journal)) is (cut >= len(content) - 1)


def test_the_file_does_not_grow_without_end(journal):
    """A run of weeks leaves a small file, and the last acknowledgement stays right."""
    runs = tuple(f"{n:032d}" for n in range(100))
    for at in range(100):
        write_ack(journal, Ack(at, runs))
        assert Ack(at, runs) == read_ack(journal)
    assert ack_of(journal).stat().st_size < 2 * acks.LONG


def test_it_is_on_the_disk_when_it_is_acknowledged(journal, mocker):
    """A power cut does not take back what was acknowledged."""
    sync = mocker.spy(disk, "sync_to_disk")
    write_ack(journal, Ack(10))
    assert 1 == sync.call_count
