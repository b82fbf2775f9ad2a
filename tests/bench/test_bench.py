from __future__ import annotations

import struct

import pytest

from tests.bench import shippers
from tests.bench.peers import _entries, _events
from tests.bench.step import Step, racing
from tests.bench.table import Row, shown_ratio, shown_time, table


def test_a_table_is_aligned_and_says_the_ratio():
    """Each row has the cells of its head, as wide as the widest."""
    head, line, *rows = table(
        [Row("a step", "5 us", "by hand", "5 ms", 1 / 1000), Row("a call", "1 s", "it", "1 s", 1.0)]
    ).splitlines()
    assert {len(head)} == {len(each) for each in (line, *rows)}
    assert "| a step | 5 us    | by hand | 5 ms | 1/1000         |" in rows[0]


def test_who_is_not_installed_is_named():
    """A library that cannot be measured stays in the table."""
    assert ("wandb, offline", "not installed") == Step("wandb, offline").cells[:2]
    assert len(Step.HEAD) == len(Step("wandb, offline").cells)


@pytest.mark.parametrize(("ratio", "shown"), [(0, "0"), (0.01, "1/100"), (0.512, "0.512"), (5302.2, "5302")])
def test_a_ratio_is_readable(ratio, shown):
    """A small one is a fraction, a large one has no decimals."""
    assert shown == shown_ratio(ratio)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(4.2e-7, "420 ns"), (5.26e-6, "5.26 us"), (0.1234, "123 ms"), (2.0, "2 s")]
)
def test_a_time_is_shown_in_its_unit(seconds, shown):
    """With three digits."""
    assert shown == shown_time(seconds)


def test_entries_of_wandbs_log_are_put_together():
    """One in pieces over a block's end counts once, and a torn one not at all."""
    left = 0x8000 - 7 - 7 - 7
    pieces = [(2, b"a" * left), (4, b"b"), (1, b"whole")]
    first = struct.pack("<IHB", 0, 7, 1) + b"x" * 7
    log = b":W&B\0\0\0" + first
    left -= len(first) - 7
    pieces[0] = (2, b"a" * left)
    log += b"".join(struct.pack("<IHB", 0, len(data), kind) + data for kind, data in pieces)
    assert [b"x" * 7, b"a" * left + b"b", b"whole"] == list(_entries(log))
    assert 2 == len(list(_entries(log[:-1])))


def test_a_torn_event_does_not_count():
    """TensorBoard's file is read up to the last whole event."""
    event = struct.pack("<QI", 3, 0) + b"abc" + struct.pack("<I", 0)
    assert [b"abc", b"abc"] == list(_events(event * 2 + event[:-1]))


@pytest.mark.slow
def test_a_racer_leaves_neither_process_nor_shipper(home, tmp_path):
    """It is measured, killed, and what it had logged is found; what it started is gone."""
    (tmp_path / "templates").symlink_to(home / "templates")
    with racing("tracked", tmp_path, "") as racer:
        p50, p99, cpu = racer.round()
        kept = racer.kept_of_the_last()
        assert shippers.pids(tmp_path / "tracked" / "home")
    assert 0 < p50 <= p99
    assert (True, 1.0) == (cpu > 0, kept)
    assert [] == shippers.pids(tmp_path / "tracked" / "home")
