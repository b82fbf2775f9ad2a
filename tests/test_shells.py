"""Every shape of function, and where the run opens, is current, and ends in each."""

import asyncio
import functools
import inspect
import types

import pytest

from tests.scripts import called, parent_of, values
from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured


class Trainer:
    """Methods in every order of decorators."""

    @tracked_training
    def fit(self, x):
        """Fit."""
        track.log(seen=x)
        return self, x

    @classmethod
    @tracked_training
    def outer_class(cls, x):
        return cls, x

    @tracked_training
    @classmethod
    def inner_class(cls, x):
        return cls, x

    @staticmethod
    @tracked_training
    def outer_static(x):
        return None, x

    @tracked_training
    @staticmethod
    def inner_static(x):
        return None, x

    @tracked_training
    async def fetch(self, x):
        track.log(seen=x)
        return self, x

    @tracked_training
    def steps(self, n):
        for i in range(n):
            track.log(seen=i)
            yield i


class Special(Trainer):
    """What is inherited belongs to the heir."""


METHODS = ["fit", "outer_class", "inner_class", "outer_static", "inner_static"]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_gets_what_it_would_get(name):
    """Each kind of method gets its object, its class or nothing, and only real arguments are params."""
    trainer = Special()
    owner = {"fit": trainer, "outer_class": Special, "inner_class": Special}.get(name)
    with captured() as runs:
        assert (owner, 5) == getattr(trainer, name)(5)
        (run,) = runs.runs
    assert {"x": "5"} == run.params
    assert f"test_shells.Trainer.{name}" in run.tags[t.FUNCTION]


@pytest.mark.parametrize("name", METHODS[1:])
def test_a_method_of_the_class_is_called_on_the_class(name):
    """Class and static methods need no object, and are the same call with one."""
    with captured() as runs:
        assert getattr(Trainer, name)(5) == getattr(Trainer(), name)(5)
        on_class, on_object = runs.runs
    assert {"x": "5"} == on_class.params == on_object.params
    assert on_class.tags[t.CALL_KEY] == on_object.tags[t.CALL_KEY]


def test_a_method_called_through_its_class_is_the_same_call():
    """``Trainer.fit(trainer, x)`` has the key and the params of ``trainer.fit(x)``."""
    trainer = Trainer()
    with captured() as runs:
        assert trainer.fit(5) == Trainer.fit(trainer, 5)
        bound, unbound = runs.runs
    assert (bound.name, bound.params) == (unbound.name, unbound.params)
    assert trainer.fit.key(5) == Trainer.fit.key(trainer, 5) == bound.tags[t.CALL_KEY]


def test_a_class_method_may_be_bound_by_python():
    """Since Python 3.13 a classmethod hands us its class like any argument: it is none of the params."""
    bound = types.MethodType(inspect.getattr_static(Trainer, "outer_class").__func__, Special)
    with captured() as runs:
        assert (Special, 5) == bound(5) == Special.outer_class(5)
        by_python, by_wrapt = runs.runs
    assert {"x": "5"} == by_python.params
    assert by_wrapt.tags[t.CALL_KEY] == by_python.tags[t.CALL_KEY]


def test_a_bound_method_keeps_name_signature_and_faces():
    """``trainer.fit`` looks like a method, and has ``key`` and ``untracked``."""
    trainer = Trainer()
    assert ("fit", "Fit.", "(x)") == (
        trainer.fit.__name__,
        trainer.fit.__doc__,
        str(inspect.signature(trainer.fit)),
    )
    assert inspect.ismethod(trainer.fit)
    with captured() as runs:
        assert (trainer, 5) == trainer.fit.untracked(5)
        assert [] == runs.runs


def test_coroutine_and_generator_methods():
    """A method may be of any nature."""
    trainer = Trainer()
    with captured() as runs:
        assert (trainer, 5) == asyncio.run(trainer.fetch(5))
        assert [0, 1] == list(trainer.steps(2))
        fetch, steps = runs.runs
    assert ({"x": "5"}, [5.0]) == (fetch.params, values(fetch, "seen"))
    assert ({"n": "2"}, [0.0, 1.0]) == (steps.params, values(steps, "seen"))


class Scaler:
    """A callable object."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        track.log(seen=x)
        return x * self.factor


class AsyncScaler(Scaler):
    async def __call__(self, x):
        await asyncio.sleep(0)
        return super().__call__(x)


class TestOtherCallables:
    def test_a_lambda(self):
        """It has no name of its own, and a run all the same."""
        with captured() as runs:
            assert 4 == tracked_training(lambda x: x * 2)(2)
            assert {"x": "2"} == runs["<lambda>"].params

    def test_a_partial(self):
        """A partial is called as what it wraps."""

        def scale(factor, x):
            return factor * x

        with captured() as runs:
            assert 6 == tracked_training(functools.partial(scale, 3))(2)
            assert "2" == runs["scale"].params["x"]

    def test_a_partial_of_a_decorated_function(self):
        """The frozen arguments are params like the others."""

        @tracked_training
        def scale(factor, x):
            return factor * x

        with captured() as runs:
            assert 6 == functools.partial(scale, 3)(2)
            assert {"factor": "3", "x": "2"} == runs["scale"].params

    def test_a_callable_object(self):
        """The run is named by its class."""
        with captured() as runs:
            assert 6 == tracked_training(Scaler(3))(2)
            assert ({"x": "2"}, [2.0]) == (runs["Scaler"].params, values(runs["Scaler"], "seen"))

    def test_a_callable_object_that_is_asynchronous(self):
        """Its run lasts until the result was awaited."""
        with captured() as runs:
            assert 6 == asyncio.run(tracked_training(AsyncScaler(3))(2))
            run = runs["AsyncScaler"]
        assert ("FINISHED", {"seen": 2.0, "result": 6.0}) == (run.status, run.metrics)

    def test_a_partial_of_a_coroutine_function(self):
        """It is a coroutine function too."""

        async def scale(factor, x):
            track.log(seen=x)
            return factor * x

        decorated = tracked_training(functools.partial(scale, 3))
        assert inspect.iscoroutinefunction(decorated)
        with captured() as runs:
            assert 6 == asyncio.run(decorated(2))
            assert {"seen": 2.0, "result": 6.0} == runs["scale"].metrics

    def test_a_plain_function_that_returns_a_generator(self):
        """What a function is decides, never what it returned: the run ends with the call."""

        @tracked_training
        def lazily():
            return (track.log(late=i) or i for i in range(2))

        with captured() as runs:
            made = lazily()
            assert "FINISHED" == runs["lazily"].status
            assert [0, 1] == list(made)
            assert {} == runs["lazily"].metrics


def test_each_recursion_is_a_child_of_the_one_before():
    """A function inside itself has a run of its own, under that of its caller."""

    @tracked_training
    def down(n):
        track.log(depth=n)
        return down(n - 1) if n else {"done": 1}

    with captured() as runs:
        assert {"done": 1} == down(2)
        all_runs = runs.runs
    assert ["2", "1", "0"] == [run.params["n"] for run in all_runs]
    assert [None, all_runs[0].run_id, all_runs[1].run_id] == [
        run.tags.get(t.MLFLOW_PARENT) for run in all_runs
    ]
    assert [[2.0], [1.0], [0.0]] == [values(run, "depth") for run in all_runs]


def test_decorated_calls_decorated():
    """The run around a call is its parent, and around again once the call is over."""

    @tracked_training
    def inner(x):
        track.log(inner=x)

    @tracked_training
    def outer():
        inner(1)
        track.log(between=1)
        inner(2)

    with captured() as runs:
        outer()
        assert {"between": 1.0} == runs["outer"].metrics
        assert [[1.0], [2.0]] == [values(run, "inner") for run in called(runs.runs, "inner")]
        assert ["outer"] * 2 == [parent_of(runs.runs, run) for run in called(runs.runs, "inner")]


def test_a_failing_child_leaves_its_parent_to_the_user():
    """Who catches the child's exception has a FINISHED parent over a FAILED child."""

    @tracked_training
    def fragile():
        raise ValueError

    @tracked_training
    def robust():
        try:
            fragile()
        except ValueError:
            return 1.0

    with captured() as runs:
        robust()
        assert ("FINISHED", "FAILED") == (runs["robust"].status, runs["fragile"].status)
        assert track.current() is None
