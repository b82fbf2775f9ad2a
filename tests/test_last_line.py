"""The line at the end of a root run."""

from __future__ import annotations

import re
import time
from itertools import count

import pytest

import tracked
from tests.scripts import PATIENCE
from tracked import announcing, session, track, tracked_training
from tracked.shipper.status import WAITING
from tracked.testing import captured, failing


@pytest.fixture(autouse=True)
def _first_of_its_process(monkeypatch):
    """Of many root runs in one process only the first ones are spoken of."""
    monkeypatch.setattr(announcing, "_ROOTS", count())


def last_of(capsys):
    """What was said last."""
    return capsys.readouterr().err.splitlines()[-1]


def test_the_metric_that_counts_comes_first_with_its_course(capsys):
    """The monitored metric, whenever it was logged first, and a picture of how it went; others without one."""

    @tracked_training(monitor="f1@0.5")
    def train():
        for step in range(5):
            track.log({"loss": 5.0 - step, "f1@0.5": step / 10})

    with captured():
        train()
    assert re.search(r"FINISHED in [\d.]+ s f1@0\.5=0\.4 ▁▃▄▆█ loss=1$", last_of(capsys).replace("▅", "▄"))


def test_a_run_of_no_numbers_or_one_has_no_picture(capsys):
    """There is no course of less than two values, and no metric but those that were logged."""
    with captured():
        with track.run("bare"):
            pass
        assert re.fullmatch(r"tracked: bare FINISHED in [\d.]+ s", last_of(capsys))
        with track.run("one"):
            track.log(acc=1)
        assert re.fullmatch(r"tracked: one FINISHED in [\d.]+ s acc=1", last_of(capsys))


def test_each_run_has_the_course_of_its_own(capsys):
    """Runs of the same name and metric, and those inside, do not mix."""
    with captured():
        for course in ((1.0, 2.0, 3.0), (3.0, 2.0, 1.0)):
            with track.run("again"):
                for value in course:
                    track.log(acc=value)
                    with track.run("inside"):
                        track.log(acc=100)
            assert ("▁▅█" if course[0] == 1 else "█▅▁") in last_of(capsys).replace("▄", "▅")


def test_a_short_run_after_a_long_one_has_its_course(capsys):
    """What the process wrote before is not looked through for it."""
    with captured():
        with track.run("long"):
            for step in range(2000):
                track.log(acc=step)
        with track.run("short"):
            for value in (1.0, 2.0, 3.0):
                track.log(acc=value)
    assert re.search("acc=3 ▁[▄▅]█$", last_of(capsys))


def test_a_store_out_of_reach_is_told_with_what_is_kept(capsys):
    """The number of records that wait, once it is known that they do; none of a store that takes them."""
    with failing() as faults:
        with track.run("taken"):
            track.log(acc=1)
        assert "kept" not in last_of(capsys)
        faults.server_down()
        with track.run("kept"):
            track.log(acc=1)
            until = time.monotonic() + PATIENCE
            while session.current().status().phase != WAITING:
                assert time.monotonic() < until
                time.sleep(0.01)
        (kept,) = last_of(capsys).split(" | ")[1:]
        faults.server_up()
    assert re.fullmatch(r"\d+ records kept until the store takes them", kept)
    assert int(kept.split()[0]) >= 4


def test_a_local_store_is_told_with_the_command_that_shows_it(capsys, tmp_path):
    """However quick the run was, there is a command to type."""
    tracked.setup_mlflow(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    with track.run("quick"):
        track.log(acc=1)
    assert last_of(capsys).endswith(f" | mlflow ui --backend-store-uri sqlite:///{tmp_path}/mlflow.db")


def test_ten_thousand_runs_leave_nothing_behind():
    """What is noted for the last line of a run goes with it, and is not noted of runs that are not spoken of."""
    with captured():
        before = len(announcing._BEGAN)
        for number in range(3 * announcing.TALKATIVE):
            with track.run(f"r{number}"):
                pass
    assert before == len(announcing._BEGAN)
