"""A store that takes nothing for too long: the journals stop growing as they did, and nobody waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journals import NOW, OTHER, RUN, journal, opened, points, steps_of, whole_run
from tests.journals import deliver as delivered
from tracked import speech
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window
from tracked.journal.thinning import Thinned, interval
from tracked.journal.writer import JournalFile
from tracked.records import Closed, Metrics, Params, Tags

CAP = 3000


@pytest.fixture(autouse=True)
def said(mocker):
    """What is said, and a look at each write."""
    mocker.patch("tracked.journal.writer.LOOK", 0)
    speech.forget()
    return mocker.patch("tracked.speech._write")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


@pytest.fixture
def full(folder):
    """Journals that the store does not take."""
    return journal(folder, [opened(OTHER), *points(OTHER, 60)], name="0-0-full")


def metrics(folder, run=RUN):
    windows = [read_window(path, 0, ended=True) for path in folder.journals()]
    assert [] == [bad for window in windows for bad in window.bad]
    return [r for w in windows for _, r in w.records if isinstance(r, Metrics) and r.run == run]


def test_below_the_cap_everything_is_kept(folder):
    """Nothing is thinned, and nothing said, as long as there is room; without a cap there always is."""
    for cap in (1 << 20, 0):
        writer = JournalFile(folder, cap)
        for record in points(f"{cap:032d}", 100):
            writer.write(record)
        assert points(f"{cap:032d}", 100) == metrics(folder, f"{cap:032d}")


def test_past_the_cap_each_tenth_step_and_the_last_are_kept(folder, full, said):
    """It is said once, no call fails or waits, and a closed run has its last value."""
    writer = JournalFile(folder, CAP)
    assert CAP < full.stat().st_size < 2 * CAP + CAP // 2
    writer.cap = full.stat().st_size - 1
    for record in [opened(), *points(count=48), Closed(RUN, NOW + 99, "FINISHED")]:
        writer.write(record)
    assert [0, 10, 20, 30, 40, 47] == [record.steps for record in metrics(folder)]
    (line,) = [call.args[0] for call in said.call_args_list]
    assert "each 10th step" in line
    assert "journal_max_bytes" in line


def test_everything_else_is_still_written(folder, full):
    """Runs, params, tags and ends are never thinned."""
    writer = JournalFile(folder, 1)
    writer.write(Tags(OTHER, {"first": "write"}))
    for record in whole_run():
        writer.write(record)
    backend = delivered(folder, None)
    run = next(run for run in backend.runs.values() if run.tags["tracked.id"] == RUN)
    assert ({"lr": "0.1"}, "last", "FINISHED") == (run.params, run.tags["state"], run.status)
    assert [0, 4] == steps_of(run)


def test_with_room_again_all_is_kept_again(folder, full):
    """Once the store has taken what was left, each step counts, and what was held back is there too."""
    writer = JournalFile(folder, CAP)
    for record in points(count=26):
        writer.write(record)
    full.unlink()
    writer.write(Tags(RUN, {"a": "b"}))
    for record in points(count=10, first=26):
        writer.write(record)
    assert [0, 10, 20, 25, *range(26, 36)] == [record.steps for record in metrics(folder)][-14:]


def test_the_last_value_that_is_held_back_is_each_metrics_own(folder, full):
    """A metric that stopped early keeps its last value too."""
    kept = []
    thinned = Thinned(kept.append, 10)
    thinned.write(Metrics(RUN, NOW, 1, {"early": 1.0}))
    thinned.write(Metrics(RUN, NOW, {"a": 10, "b": 3}, {"a": 1.0, "b": 2.0}))
    assert [{"a": 1.0}] == [record.values for record in kept]
    thinned.write(Metrics(RUN, NOW, {"a": 11, "b": 4}, {"a": 3.0, "b": 4.0}))
    thinned.write(Closed(OTHER, NOW, "FINISHED"))
    thinned.write(Closed(RUN, NOW, "FINISHED"))
    assert [{"early": 1.0}, {"b": 2.0}, {"a": 3.0, "b": 4.0}] == [r.values for r in kept[2:-1]]
    assert Closed(RUN, NOW, "FINISHED") == kept[-1]


@given(st.lists(st.integers(0, 500), unique=True, min_size=1).map(sorted), st.sampled_from([10, 100, 1000]))
def test_what_is_kept_is_as_documented(steps, every):
    """For any steps: those that the interval divides, and the last."""
    kept = []
    thinned = Thinned(kept.append, every)
    for step in steps:
        thinned.write(Metrics(RUN, NOW, step, {"a": 1.0}))
    thinned.release()
    assert sorted({step for step in steps if step % every == 0} | {steps[-1]}) == [r.steps for r in kept]
    assert Params(RUN, {}) not in kept


@pytest.mark.parametrize(
    ("held", "every"), [(0, 1), (CAP, 1), (CAP + 1, 10), (2 * CAP, 100), (3 * CAP, 1000), (99 * CAP, 10**6)]
)
def test_the_longer_the_sparser(held, every):
    """Each time the cap is passed again, a tenth of what was kept is kept."""
    assert every == interval(held, CAP)
    assert 1 == interval(held, 0)
