from __future__ import annotations

import os
import time

import pytest

from tracked.session.waiting import STALLED
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


def test_an_idle_shipper_says_so_seldom(tmp_path, mocker):
    """Who has nothing to do for hours writes little, and still often enough for whoever waits for a sign of life."""
    clock = mocker.patch("tracked.shipper.status.time.time", return_value=1000.0)
    write = mocker.patch("tracked.journal.disk.replace")
    teller = Teller(tmp_path / "s.json")
    for tenth in range(600):
        clock.return_value = 1000.0 + tenth / 10
        teller.tell(status.IDLE)
    assert 60 / min(STALLED / 3, status.FRESH / 2) <= write.call_count <= 30
    teller.tell(status.SHIPPING)
    assert status.SHIPPING == teller.last.phase


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_does_not_silence_it(tmp_path, mocker, hours):
    """A shipper that said nothing for an hour would be taken for hung, and ended."""
    clock = mocker.patch("tracked.shipper.status.time.time", return_value=1e9)
    teller = Teller(tmp_path / "s.json")
    teller.tell(status.IDLE)
    clock.return_value += 3600 * hours
    teller.tell(status.IDLE)
    assert clock.return_value == read_status(tmp_path / "s.json").time


def test_where_nothing_can_be_written_nothing_is_raised(tmp_path):
    """A status is only words: a full disk or a lost folder stops no delivery."""
    teller = Teller(tmp_path / "gone" / "s.json")
    teller.tell(status.SHIPPING)
    assert status.SHIPPING == teller.last.phase


@pytest.mark.parametrize(
    ("ours", "theirs", "outdated"),
    [
        ({"tracked": "0.2.0", "mlflow": "3.1"}, {"tracked": "0.1.9", "mlflow": "3.9"}, True),
        ({"tracked": "0.10.0", "mlflow": "3.1"}, {"tracked": "0.9.0", "mlflow": "3.1"}, True),
        ({"tracked": "0.2.0", "mlflow": "3.10"}, {"tracked": "0.2.0", "mlflow": "3.9"}, True),
        ({"tracked": "0.2.0", "mlflow": "3.9"}, {"tracked": "0.2.0", "mlflow": "3.9"}, False),
        ({"tracked": "0.1.0", "mlflow": "3.10"}, {"tracked": "0.2.0", "mlflow": "3.9"}, False),
        ({"tracked": "0.2.0", "mlflow": ""}, {"tracked": "0.2.0", "mlflow": "3.9"}, False),
        ({"tracked": "0.2.0", "mlflow": "3.9"}, {}, False),
    ],
)
def test_the_newer_of_two_versions_goes_on(mocker, ours, theirs, outdated):
    """Of two versions that share a folder one is the newer for both, so that they do not take turns for ever."""
    mocker.patch("tracked.shipper.status.versions", return_value=ours)
    assert outdated == Status(versions=theirs).is_outdated


def test_the_status_tells_what_runs(tmp_path):
    """Whoever comes with another version sees that it is another."""
    Teller(tmp_path / "s.json").tell(status.IDLE)
    told = read_status(tmp_path / "s.json")
    assert status.versions() == told.versions
    assert told.versions["tracked"]
    assert not told.is_outdated


def test_silence_is_counted_from_the_last_news_that_was_seen(tmp_path, mocker):
    """However old the news is by the clock on the wall, silence is what was heard of it since."""
    clock = mocker.patch("tracked.shipper.status.time.monotonic", return_value=100.0)
    teller = Teller(tmp_path / "s.json")
    teller.tell(status.IDLE)
    watch = status.Watch(tmp_path / "s.json")
    for now, phase, silent in (
        (130.0, status.IDLE, 30.0),
        (131.0, status.SHIPPING, 0.0),
        (135.0, status.SHIPPING, 4.0),
    ):
        clock.return_value = now
        if silent == 0.0:
            teller.tell(phase)
        told, seen = watch.look()
        assert (phase, silent) == (told.phase, seen)
