"""Which run is around, and which are open at all."""

import contextvars
import pickle
import threading

import pytest

from tests.scripts import parent_of
from tracked import track, tracked_training
from tracked.context import CURRENT, RunRef, around, innermost_open, named_run
from tracked.testing import captured


@tracked_training
def train():
    """Sent to other places."""


class TestInnermostOpen:
    """What everything open in the process is part of."""

    def test_nothing_is_open(self):
        """No run, no guess."""
        assert innermost_open() is None

    def test_of_a_chain_it_is_the_last(self):
        """The innermost, and the one before once that has ended."""
        with captured(), track.run("outer") as outer:
            with track.run("middle"), track.run("inner") as inner:
                assert innermost_open() is inner
            assert innermost_open() is outer
        assert innermost_open() is None

    def test_of_branches_it_is_where_they_part(self):
        """Two threads under one run: that run; two trees: nothing."""
        with captured():
            root, *others = (track.run(name) for name in ("root", "a", "b", "tree"))
            with root as opened:
                context = contextvars.copy_context()
                a, b = (context.copy().run(block.__enter__) for block in others[:2])
                assert innermost_open() is opened
                tree = contextvars.Context().run(others[2].__enter__)
                assert innermost_open() is None
                for block, run in zip(others, (a, b, tree), strict=True):
                    contextvars.Context().run(block.__exit__, None, None, None)
                    assert run.closed is not None
                assert innermost_open() is opened


def in_thread(name, work):
    """What ``work`` gives in a thread of this name, which knows nothing of our context."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()), name=name)
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.parametrize(
    ("thread", "parent"),
    [("QueueFeederThread", "outer"), ("Thread-7 (_handle_tasks)", "outer"), ("mine", None)],
)
def test_only_the_thread_of_a_pool_may_guess(thread, parent):
    """What a user's thread pickles outside any run belongs to none, whatever other threads have open."""
    with captured() as runs:
        with track.run("outer"):
            data = in_thread(thread, lambda: pickle.dumps(train))
        pickle.loads(data)()
        assert parent == parent_of(runs.runs, runs["train"])


def test_a_block_that_is_left_elsewhere_touches_nobody_elses_run():
    """In a context with a run of its own, that run stays current."""
    with captured():
        block = track.run("left elsewhere")
        contextvars.copy_context().run(block.__enter__)
        with track.run("own") as own:
            block.__exit__(None, None, None)
            assert CURRENT.get() is own
        assert CURRENT.get() is None


def test_a_block_that_is_left_elsewhere_is_not_current_any_more():
    """In a copy of its context, what was around it is current again."""
    with captured(), track.run("outer") as outer:
        block = track.run("inner")
        context = contextvars.copy_context()
        context.run(block.__enter__)
        later = context.copy()
        later.run(block.__exit__, None, None, None)
        assert later[CURRENT] is outer


def test_around_tells_the_whole_chain():
    """Outermost first."""
    with captured(), track.run("a") as a, track.run("b") as b:
        assert (a, b) == around()
    assert () == around()


def test_what_names_a_run():
    """Ids, references, runs of ours; nothing else."""
    ref = RunRef("0" * 32, "", "")
    with captured(), track.run("r") as run:
        assert ["x", ref, run.ref] == [named_run("x"), named_run(ref), named_run(run)]
    assert [None] * 4 == [named_run(thing) for thing in ("", " ", 3, object())]
