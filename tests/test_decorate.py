"""What a decorated function still is, and what bad decorators and bad calls get."""

import asyncio
import functools
import inspect
import os
import subprocess
import sys
import traceback

import pytest

from tracked import tags as t
from tracked import tracked_sweep, tracked_training
from tracked.errors import ConfigError
from tracked.testing import captured


def train(lr: float, epochs: int = 3, *, seed: int = 0) -> dict:
    """Train a model."""
    return {"acc": lr * epochs}


async def fetch(url: str) -> str:
    """Fetch it."""
    return url


def count(n: int):
    """Count up."""
    yield from range(n)


async def stream(n: int):
    """Stream."""
    for i in range(n):
        yield i


SHAPES = [train, fetch, count, stream]


@pytest.mark.parametrize("fn", SHAPES)
def test_a_decorated_function_keeps_what_it_is(fn):
    """Name, module, docstring, annotations, defaults and signature are those of the function."""
    decorated = tracked_training(fn)
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__annotations__", "__defaults__"):
        assert getattr(fn, name) == getattr(decorated, name)
    assert inspect.signature(fn) == inspect.signature(decorated)


@pytest.mark.parametrize("fn", SHAPES)
def test_a_decorated_function_keeps_its_nature(fn):
    """Whoever asks whether it is a coroutine function or a generator function is told the truth."""
    decorated = tracked_training(name="x")(fn)
    for asked in (
        inspect.isfunction,
        inspect.iscoroutinefunction,
        asyncio.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
    ):
        assert asked(fn) == asked(decorated), asked


def test_what_is_returned_is_the_same_object():
    """A return value goes to the caller untouched, whatever was logged of it."""
    result = {"acc": 0.5, "other": object()}
    with captured() as runs:
        assert tracked_training(lambda: result)() is result
        assert {"acc": 0.5} == runs.runs[0].metrics


def test_bare_and_called_without_options_are_the_same():
    """``@d`` and ``@d()`` make the same run."""
    with captured() as runs:
        tracked_training(train)(0.1)
        tracked_training()(train)(0.1)
        first, second = runs.runs
    assert (first.name, first.params, first.metrics) == (second.name, second.params, second.metrics)


def test_the_bound_arguments_are_the_params():
    """Defaults are logged too, under the names of the signature, and the run is named by function and key."""
    with captured() as runs:
        tracked_training(train)(0.5, seed=7)
        (run,) = runs.runs
    assert {"lr": "0.5", "epochs": "3", "seed": "7"} == run.params
    assert f"train-{run.tags[t.CALL_KEY][:6]}" == run.name
    assert ("training", "FINISHED") == (run.tags[t.STAGE], run.status)


def test_options_are_those_of_each_run():
    """Name, experiment, tags and the metric of a bare number are as the decorator says."""
    with captured() as runs:
        tracked_training(name="fine", experiment="digits", tags={"team": 7}, monitor="f1")(lambda: 0.75)()
        (run,) = runs.runs
    assert ("fine", "digits", "7", {"f1": 0.75}) == (run.name, run.experiment, run.tags["team"], run.metrics)


def failing(error: BaseException) -> list:
    """One function of each shape that raises this, as something to call."""

    def plain():
        raise error

    async def coroutine():
        raise error

    def generator():
        raise error
        yield

    async def async_generator():
        raise error
        yield

    plain, coroutine, generator, async_generator = map(
        tracked_training, (plain, coroutine, generator, async_generator)
    )
    return [
        plain,
        lambda: coroutine().send(None),
        lambda: next(generator()),
        lambda: async_generator().__anext__().send(None),
    ]


@pytest.mark.parametrize("shape", range(4))
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_is_the_users_own(shape, kind):
    """The same object arrives, without context, cause or notes of ours, and its traceback ends in user code."""
    error = kind("mine")
    with captured(), pytest.raises(kind) as caught:
        failing(error)[shape]()
    assert caught.value is error
    assert (None, None, []) == (error.__context__, error.__cause__, getattr(error, "__notes__", []))
    last = traceback.extract_tb(error.__traceback__)[-1]
    assert (__file__, "raise error") == (last.filename, last.line)


@pytest.mark.parametrize(
    ("options", "nearest"),
    [
        ({"nam": "x"}, "did you mean 'name'"),
        ({"tag": {}}, "did you mean 'tags'"),
        (
            {"zzz": 1},
            "there are experiment, expires, ignore, key, key_code, model, monitor, name, on_existing, ",
        ),
        ({"name": 3}, "name is a text"),
        ({"name": " "}, "name is a text"),
        ({"experiment": ""}, "experiment is a text"),
        ({"monitor": 1}, "monitor is a text"),
        ({"tags": "x"}, "tags is a mapping"),
        ({"model": "yes"}, "model is True or False"),
        ({"parent": 3}, "parent is a run"),
        ({"parent": ""}, "parent is a run"),
    ],
)
def test_a_wrong_option_is_refused_at_decoration(options, nearest):
    """An option that is unknown or cannot have its value is a ConfigError that says what would do."""
    with pytest.raises(ConfigError, match=nearest):
        tracked_training(**options)


@pytest.mark.parametrize(
    ("options", "nearest"),
    [
        ({"n_trial": 3}, "did you mean 'n_trials'"),
        ({"n_trials": 0}, "n_trials is a whole number from 1 on"),
        ({"n_trials": "3"}, "n_trials is a whole number from 1 on"),
        ({"n_jobs": 0}, "n_jobs is a whole number from 1 on"),
        ({"seed": "x"}, "seed is a whole number"),
        ({"timeout": -1}, "timeout is a number of seconds"),
        ({"catch": 3}, "catch is an exception class"),
        ({"catch": (ValueError("x"),)}, "catch is an exception class"),
        ({"maximize": 3}, "maximize is the name of a metric"),
        ({"minimize": ["loss", ""]}, "minimize is the name of a metric"),
        ({"maximize": "a", "minimize": "a"}, "named twice: a"),
        ({"sampler": "tp"}, "did you mean 'tpe'"),
        ({"pruner": "hyperbnd"}, "did you mean 'hyperband'"),
        ({"study_name": 3}, "study_name is a text"),
    ],
)
def test_a_wrong_option_of_a_sweep_is_refused_at_decoration(options, nearest):
    """No search begins with an option that no engine could follow."""
    with pytest.raises(ConfigError, match=nearest):
        tracked_sweep(**options)


@pytest.mark.parametrize("thing", ["fine-tuning", 3])
def test_only_functions_are_decorated(thing):
    """``@tracked_training("name")`` is told how options are given."""
    with pytest.raises(ConfigError, match="options are given by name"):
        tracked_training(thing)


@pytest.mark.parametrize("fn", SHAPES)
@pytest.mark.parametrize("call", [((), {}), ((1, 2, 3, 4, 5), {}), ((1,), {"unknown": 2})])
def test_a_call_that_does_not_fit_is_pythons_own_type_error(fn, call, capsys):
    """The text is Python's, it comes at the call and not at the first step; no run, and no word of ours."""
    args, kwargs = call
    with pytest.raises(TypeError) as expected:
        fn(*args, **kwargs)
    with captured() as runs:
        with pytest.raises(TypeError) as actual:
            tracked_training(fn)(*args, **kwargs)
        assert [] == runs.runs
    assert str(expected.value) == str(actual.value)
    assert "" == capsys.readouterr().err


def test_a_wrapper_may_fill_in_arguments():
    """A call that fits what stands outermost is tracked, although the inner function asks for more."""

    @functools.wraps(train)
    def configured(*args, **kwargs):
        return train(*args, lr=0.5, **kwargs)

    with captured() as runs:
        assert {"acc": 1.0} == tracked_training(configured)(epochs=2)
        (run,) = runs.runs
        with pytest.raises(TypeError, match="takes from 1 to 2 positional arguments but 3"):
            tracked_training(train)(1, 2, 3)
        assert 1 == len(runs.runs)
    assert ({"epochs": "2"}, {"acc": 1.0}) == (run.params, run.metrics)


def test_a_function_without_a_signature_runs(capsys):
    """Where nothing can be told of a call, it is made all the same, and one line says what is missing."""
    assert [3, 3] == [tracked_training(max)(*pair) for pair in ((3, 1), (2, 3))]
    assert 1 == capsys.readouterr().err.count("no signature found")


def test_untracked_calls_the_function_itself():
    """``fn.untracked`` gives the same result and opens no run."""
    with captured() as runs:
        assert {"acc": 1.5} == tracked_training(train).untracked(0.5)
        assert [] == runs.runs


def test_arguments_that_cannot_be_told_cost_nothing():
    """An argument whose methods all raise reaches the function, and its neighbours are logged."""

    class Hostile:
        def __getattr__(self, name):
            raise RuntimeError("no")

        __repr__ = __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __float__ = __getattr__

    hostile = Hostile()
    with captured() as runs:
        assert tracked_training(lambda thing, lr: (thing, lr))(hostile, 0.5)[0] is hostile
        (run,) = runs.runs
    assert ("0.5", "FINISHED") == (run.params["lr"], run.status)


def test_a_key_that_is_none_costs_only_the_key(capsys):
    """A wrong study key is said once; params, metrics and the end are logged as ever."""
    with captured() as runs:
        tracked_training(lambda study_key_hash, lr: lr)("not a key", 0.5)
        (run,) = runs.runs
    assert {"study_key_hash": "not a key", "lr": "0.5"} == run.params
    assert ({"result": 0.5}, "FINISHED") == (run.metrics, run.status)
    assert 1 == capsys.readouterr().err.count("IdentityError")


class TestKey:
    """``fn.key(...)``: by what a call is recognised."""

    def test_it_is_the_key_of_the_run(self):
        """The key told beforehand is the one that the run is tagged with; no run is opened to tell it."""
        fn = tracked_training(train)
        with captured() as runs:
            key = fn.key(0.5)
            assert [] == runs.runs
            fn(0.5)
            assert key == runs.runs[0].tags[t.CALL_KEY]
        assert 64 == len(key)
        assert set(key) <= set("0123456789abcdef")

    def test_it_is_the_same_for_the_same_work(self):
        """8 and 8.0, a default given or left out, by position or by name: one key."""
        key = tracked_training(train).key
        assert key(8) == key(8.0) == key(lr=8) == key(8, 3) == key(8, epochs=3.0, seed=0)

    def test_it_differs_by_argument_and_by_function(self):
        """Another value, True for 1, or another function is other work."""
        fn = tracked_training(train)
        keys = [fn.key(1), fn.key(True), fn.key(2), fn.key(1, 4), tracked_training(lambda lr: lr).key(1)]
        assert 5 == len(set(keys))

    def test_it_is_the_same_in_every_process(self, tmp_path):
        """Hash seeds, sets and the way the program was started leave no trace in it."""
        program = tmp_path / "job.py"
        program.write_text(
            "from tracked import tracked_training\n"
            "@tracked_training\n"
            "def train(names, lr=0.1): ...\n"
            "print(train.key({'b', 'a', 'c'}))\n"
        )
        commands = [[str(program)], ["-c", "import job"], ["-m", "job"]]
        keys = {
            subprocess.run(
                [sys.executable, *command],
                cwd=tmp_path,
                env={**os.environ, "PYTHONHASHSEED": str(seed)},
                capture_output=True,
                check=True,
            ).stdout
            for seed, command in enumerate(commands)
        }
        assert 1 == len(keys), keys

    def test_a_call_that_does_not_fit_has_none(self):
        """The TypeError comes from ``key`` as it would come from the call."""
        with pytest.raises(TypeError, match="lr"):
            tracked_training(train).key(epochs=3)

    def test_the_study_around_is_part_of_it(self):
        """The same call in another study is other work."""
        fn = tracked_training(train)

        @tracked_training
        def study(study_key_hash):
            return fn.key(1)

        with captured():
            keys = {fn.key(1), study("a" * 64), study("b" * 64)}
        assert 3 == len(keys)
