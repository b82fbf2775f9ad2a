"""The course of a metric out of a journal."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tracked.journal.folder import Folder
from tracked.journal.sampling import WINDOW, WINDOWS, sampled
from tracked.journal.writer import JournalFile
from tracked.records import Metrics, Tags

RUN, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def journal(tmp_path):
    """A journal to write to."""
    return JournalFile(Folder(tmp_path))


def test_of_few_values_all_are_there(journal):
    """In their order, and none of another metric or run, nor what is no metric."""
    for step in range(5):
        journal.write(Metrics(RUN, step, step, {"loss": float(step), "acc": 0.5}))
        journal.write(Metrics(OTHER, step, step, {"loss": 9.0}))
        journal.write(Tags(RUN, {"loss": "7"}))
    assert [0.0, 1.0, 2.0, 3.0, 4.0] == sampled(journal.path, RUN, "loss")
    assert [] == sampled(journal.path, RUN, "f1")


def test_of_many_values_some_are_there_from_all_along(journal):
    """First and last of a long course are among them, in order, and what is read does not grow with it."""
    for step in range(20_000):
        journal.write(Metrics(RUN, step, step, {"loss": float(step)}))
    found = sampled(journal.path, RUN, "loss")
    assert journal.path.stat().st_size > 10 * WINDOWS * WINDOW
    assert found == sorted(found)
    assert (0.0, 19_999.0) == (found[0], found[-1])
    assert WINDOWS < len(found) < WINDOWS * WINDOW / 50
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert max(gaps) < 20_000 / WINDOWS * 1.5


def test_what_stands_before_the_run_is_not_read(journal):
    """A short run after a long one is seen as well as if it were alone."""
    for step in range(5_000):
        journal.write(Metrics(OTHER, step, step, {"loss": 1.0}))
    begin = journal.path.stat().st_size
    for step in range(20):
        journal.write(Metrics(RUN, step, step, {"loss": float(step)}))
    assert [float(step) for step in range(20)] == sampled(journal.path, RUN, "loss", begin)


def test_a_journal_that_is_gone_has_none(journal):
    """Removed after delivery, it has nothing to tell, and that is no error."""
    journal.write(Metrics(RUN, 0, 0, {"loss": 1.0}))
    journal.path.unlink()
    assert [] == sampled(journal.path, RUN, "loss")
