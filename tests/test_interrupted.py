"""Ctrl-C, and failures of ours, in the moments between the user's code and the record of its end."""

from __future__ import annotations

import pytest

from tracked import session, track, tracked_training
from tracked import tags as t
from tracked.context import is_any_open
from tracked.run import Run
from tracked.testing import captured


@tracked_training
def train():
    track.log(acc=0.5)
    return 0.25


def interrupt(*_, **__):
    """A person presses Ctrl-C just now."""
    raise KeyboardInterrupt


BEGINS = ["tracked.session.building.Session.serve", "tracked.run.Run.begin_with"]


@pytest.mark.parametrize("where", BEGINS)
def test_ctrl_c_while_a_run_begins(mocker, where):
    """The caller gets its Ctrl-C, and no run is left open that nobody holds."""
    with captured() as runs:
        mocker.patch(where, side_effect=[KeyboardInterrupt, None, None])
        with pytest.raises(KeyboardInterrupt):
            train()
        mocker.stopall()
        run = runs["train"]
    assert ("KILLED", "interrupted while it began") == (run.status, run.tags[t.END_REASON])


ENDS = ["tracked.keeping.log_read", "tracked.run.last_tags"]


@pytest.mark.parametrize("where", ENDS)
def test_ctrl_c_while_a_run_ends(mocker, where):
    """The caller gets its Ctrl-C, and the run is closed all the same, with all that it logged."""
    with captured() as runs:
        mocker.patch(where, side_effect=interrupt)
        with pytest.raises(KeyboardInterrupt):
            train()
        mocker.stopall()
        run = runs["train"]
    assert run.status == ("KILLED" if "keeping" in where else "FINISHED")
    assert 0.5 == run.metrics["acc"]


def test_ctrl_c_while_a_failure_is_told(mocker):
    """Whatever interrupts the telling of a failure, the run is closed."""
    with captured() as runs:
        mocker.patch("tracked.endings.outcome_of", side_effect=interrupt)
        with pytest.raises(KeyboardInterrupt), track.run("r"):
            raise ValueError("x")
        mocker.stopall()
        assert "FAILED" == runs["r"].status


def test_what_ends_with_a_run_may_fail(mocker):
    """A failure of ours before the last record does not keep it from being written."""
    with captured() as runs:
        with track.run("r") as run:
            assert isinstance(run, Run)
            run.before_close.append(lambda: 1 / 0)
        assert "FINISHED" == runs["r"].status


def fails(done):
    """A block with something of ours that fails at its end, too."""
    with track.run("r") as run:
        run.before_close += [lambda: done.append(1), [].pop]
        done[1]


def test_what_ends_with_a_run_costs_nothing_else_when_it_fails():
    """One that fails keeps neither the others from their turn nor the run from telling how it ended, and it is over."""
    done = []
    with captured() as runs:
        with pytest.raises(IndexError):
            fails(done)
        assert "IndexError" == runs["r"].tags[t.ERROR_TYPE]
    assert [1] == done
    assert not is_any_open()


def test_ctrl_c_while_the_end_of_the_process_waits(mocker, capsys):
    """A person who will not wait for delivery is told what is kept, and sees no traceback of ours."""
    with captured():
        train()
        mocker.patch("tracked.session.building.Session.flush", side_effect=interrupt)
        session.current().finish()
        mocker.stopall()
    assert "are kept in" in capsys.readouterr().err
