"""What must not be shown is known to a whole tree of runs."""

from tracked.hiding import Hidden


def test_calls_that_learn_at_once_forget_nothing():
    """Two threads that are given secrets at the same time hide both."""
    hidden = Hidden()

    def slowly():
        yield "hunter2-of-one"
        hidden.add(["swordfish-of-another"])  # another thread, in the middle of it

    hidden.add(slowly())
    assert "*** ***" == hidden.prose("hunter2-of-one swordfish-of-another")
