"""Coroutines and generators: their run opens at the first step, and is current only inside them."""

import asyncio
import contextvars
import gc
import inspect

import pytest

from tests.scripts import parent_of, values
from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured


@tracked_training
async def fetch(x, error=None):
    await asyncio.sleep(0)
    track.log(seen=x)
    if error:
        raise error
    return {"x": x}


class TestCoroutine:
    def test_the_run_opens_when_it_is_awaited(self):
        """Calling a coroutine function opens nothing; what is never awaited was never run."""
        with captured() as runs:
            made = fetch(1)
            assert [] == runs.runs
            assert inspect.iscoroutine(made)
            assert {"x": 1} == asyncio.run(made)
            assert ("FINISHED", {"seen": 1.0, "x": 1.0}) == (runs["fetch"].status, runs["fetch"].metrics)

    def test_its_exception_ends_the_run(self):
        """A coroutine that raises has FAILED, with the type of the error."""
        with captured() as runs:
            with pytest.raises(ValueError, match="no"):
                asyncio.run(fetch(1, ValueError("no")))
            run = runs["fetch"]
        assert ("FAILED", "ValueError") == (run.status, run.tags[t.ERROR_TYPE])

    def test_a_cancelled_one_is_killed(self):
        """Somebody stopped it: it did not fail."""

        async def cancel():
            task = asyncio.create_task(fetch(1))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled()

        with captured() as runs:
            assert asyncio.run(cancel())
            assert "KILLED" == runs["fetch"].status

    def test_it_may_be_stepped_in_several_contexts(self):
        """A loop that steps a coroutine in another context each time gets its result, not an error of ours."""
        with captured() as runs:
            made = fetch(1)
            assert contextvars.copy_context().run(made.send, None) is None
            with pytest.raises(StopIteration) as end:
                contextvars.copy_context().run(made.send, None)
            assert {"x": 1} == end.value.value
            assert "FINISHED" == runs["fetch"].status


@tracked_training
def dialogue(n):
    """Yields what it was sent, survives ValueErrors, and returns all of it."""
    got = []
    for i in range(n):
        try:
            got.append((yield i))
        except ValueError:
            got.append("caught")
        track.log(at=i)
    return {"n": n, "got": got}


class TestGenerator:
    def test_the_run_opens_at_the_first_step(self):
        """Calling a generator function opens nothing."""
        with captured() as runs:
            made = dialogue(1)
            assert inspect.isgenerator(made)
            assert [] == runs.runs
            next(made)
            assert "RUNNING" == runs["dialogue"].status
            made.close()

    def test_send_throw_and_the_return_value_pass_through(self):
        """The caller talks to the user's generator as if nobody stood between."""
        with captured() as runs:
            made = dialogue(3)
            assert (0, 1, 2) == (next(made), made.send("a"), made.throw(ValueError("b")))
            with pytest.raises(StopIteration) as end:
                made.send("c")
            run = runs["dialogue"]
        assert {"n": 3, "got": ["a", "caught", "c"]} == end.value.value
        assert ("FINISHED", 3.0, [0.0, 1.0, 2.0]) == (run.status, run.metrics["n"], values(run, "at"))

    def test_yield_from_gets_the_return_value(self):
        """A decorated generator can be delegated to."""

        def delegating():
            return (yield from dialogue(1))

        with captured():
            made = delegating()
            next(made)
            with pytest.raises(StopIteration) as end:
                made.send("x")
        assert {"n": 1, "got": ["x"]} == end.value.value

    @pytest.mark.parametrize("end", ["close", "drop", "break"])
    def test_an_abandoned_one_is_killed_with_the_reason(self, end):
        """Whoever stops listening ends the run; nobody found a fault."""
        with captured() as runs:
            made = dialogue(3)
            for _ in made:
                break
            if end == "close":
                made.close()
            del made
            gc.collect()
            run = runs["dialogue"]
        assert "KILLED" == run.status
        assert "abandoned" in run.tags[t.END_REASON]

    def test_closing_runs_the_users_finally_inside_the_run(self):
        """What a generator logs while it is closed lands in its run."""

        @tracked_training
        def tidy():
            try:
                yield 1
            finally:
                track.log(tidied=1)

        with captured() as runs:
            next(made := tidy())
            made.close()
            assert ("KILLED", {"tidied": 1.0}) == (runs["tidy"].status, runs["tidy"].metrics)

    def test_an_error_thrown_in_and_not_caught_fails_the_run(self):
        """The same error comes out."""
        error = KeyError("k")
        with captured() as runs:
            next(made := dialogue(3))
            with pytest.raises(KeyError) as caught:
                made.throw(error)
            assert caught.value is error
            assert "FAILED" == runs["dialogue"].status

    def test_it_is_current_only_while_its_own_frame_runs(self):
        """Between two steps the caller's own run is around, not the generator's."""
        with captured() as runs:
            with track.run("caller"):
                for _ in dialogue(2):
                    track.log(mine=1)
            assert [1.0, 1.0] == values(runs["caller"], "mine")
            assert [0.0, 1.0] == values(runs["dialogue"], "at")
            assert "caller" == parent_of(runs.runs, runs["dialogue"])


def test_a_block_around_a_yield_stays_open():
    """Inside ``with track.run`` a generator logs into that block, also after it waited."""

    @tracked_training
    def outer():
        with track.run("block"):
            yield
            track.log(inside=1)
            yield
        track.log(outside=1)
        yield

    with captured() as runs:
        list(zip(outer(), range(9), strict=False))
        assert {"inside": 1.0} == runs["block"].metrics
        assert {"outside": 1.0} == runs["outer"].metrics
        assert track.current() is None


@tracked_training
async def talk(n):
    for i in range(n):
        try:
            track.log(got=(yield i) or 0)
        except ValueError:  # noqa: PERF203 - a generator has to survive it
            track.log(caught=1)


def in_loop(use):
    """Run ``use(made)`` with a new async generator of three, and give back its run."""
    with captured() as runs:
        asyncio.run(use(talk(3)))
        return runs["talk"]


class TestAsyncGenerator:
    def test_it_is_iterated_inside_its_run(self):
        """From the first step to the last."""

        async def use(made):
            assert inspect.isasyncgen(made)
            assert [0, 1, 2] == [x async for x in made]

        run = in_loop(use)
        assert ("FINISHED", [0.0, 0.0, 0.0], {"n": "3"}) == (run.status, values(run, "got"), run.params)

    def test_asend_and_athrow_pass_through(self):
        """The caller talks to the user's generator as if nobody stood between."""

        async def use(made):
            assert 0 == await made.__anext__()
            assert 1 == await made.asend(7)
            assert 2 == await made.athrow(ValueError("x"))
            with pytest.raises(StopAsyncIteration):
                await made.asend(9)

        run = in_loop(use)
        assert ("FINISHED", [7.0, 9.0], [1.0]) == (run.status, values(run, "got"), values(run, "caught"))

    def test_a_closed_one_is_killed(self):
        """``aclose`` ends the run as abandoned."""

        async def use(made):
            await made.__anext__()
            await made.aclose()

        run = in_loop(use)
        assert "KILLED" == run.status
        assert "abandoned" in run.tags[t.END_REASON]

    def test_an_error_that_is_not_caught_fails_the_run(self):
        """The same error comes out."""
        error = KeyError("k")

        async def use(made):
            await made.__anext__()
            with pytest.raises(KeyError) as caught:
                await made.athrow(error)
            assert caught.value is error

        assert "FAILED" == in_loop(use).status

    def test_a_block_around_a_yield_stays_open(self):
        """As in a plain generator."""

        @tracked_training
        async def outer():
            with track.run("block"):
                yield
                track.log(inside=1)
            yield

        async def use():
            return [x async for x in outer()]

        with captured() as runs:
            asyncio.run(use())
            assert {"inside": 1.0} == runs["block"].metrics
            assert {} == runs["outer"].metrics
