"""Decorated functions sent to other processes: still tracked there, and children of the run that sent them."""

import copy
import pickle
import sys

import cloudpickle
import pytest

from tests.scripts import Store, await_, called, parent_of
from tracked import track, tracked_sweep, tracked_training
from tracked.testing import captured

LIBRARIES = pytest.mark.parametrize("library", [pickle, cloudpickle], ids=lambda library: library.__name__)


@tracked_training
def train(x):
    """Module level."""
    return {"y": x}


@tracked_sweep(n_trials=2, maximize="y")
def sweep(trial):
    """With options."""
    return {"y": trial.suggest_float("x", 0, 1)}


def plain(x):
    """Decorated under another name below."""
    return {"y": x}


other = tracked_training(name="other")(plain)


class Trainer:
    """Methods of every kind."""

    def __init__(self, lr=0.5):
        self.lr = lr

    @tracked_training
    def fit(self, x):
        """Fit."""
        return {"y": self.lr * x}

    @classmethod
    @tracked_training
    def outer_class(cls, x):
        """Class method."""
        return {"y": x, "cls": cls.__name__}

    @tracked_training
    @classmethod
    def inner_class(cls, x):
        """Class method."""
        return {"y": x, "cls": cls.__name__}

    @staticmethod
    @tracked_training
    def outer_static(x):
        """Static method."""
        return {"y": x}

    @tracked_training
    @staticmethod
    def inner_static(x):
        """Static method."""
        return {"y": x}


class Special(Trainer):
    """An heir."""


METHODS = {
    "fit": Special(0.25).fit,
    "outer_class": Special.outer_class,
    "inner_class": Special.inner_class,
    "outer_static": Special.outer_static,
    "inner_static": Special.inner_static,
    "through the class": Special.fit,
}


def sent(library, thing):
    """There and back."""
    return library.loads(library.dumps(thing))


@LIBRARIES
@pytest.mark.parametrize("thing", [train, sweep, Trainer.outer_static], ids=["train", "sweep", "static"])
def test_outside_a_run_a_function_is_its_name(library, thing):
    """Pickled and loaded in one process it is the very same object."""
    assert sent(library, thing) is thing


@LIBRARIES
def test_inside_a_run_it_takes_the_run_along(library):
    """Loaded where no run is around, its calls are children of the run that sent it, also when it is sent on."""
    with captured() as runs:
        with track.run("sender"):
            data = library.dumps(train)
        arrived = library.loads(data)
        assert (
            {"y": 1} == arrived(1) == sent(library, arrived)(1) == sent(pickle, sent(cloudpickle, arrived))(1)
        )
        train(2)
        parents = [parent_of(runs.runs, run) for run in called(runs.runs, "train")]
    assert ["sender"] * 3 + [None] == parents


def test_a_run_around_wins_over_the_one_taken_along():
    """Called inside another run, it belongs there."""
    with captured() as runs:
        with track.run("sender"):
            data = pickle.dumps(train)
        with track.run("receiver"):
            pickle.loads(data)(1)
        assert "receiver" == parent_of(runs.runs, runs["train"])


@LIBRARIES
@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_owner_and_run_along(library, name):
    """Bound, class and static methods arrive with their object or class, and with the run that sent them."""
    method = METHODS[name]
    arguments = (Special(0.25), 8) if name == "through the class" else (8,)
    with captured() as runs:
        expected = method(*arguments)
        before = len(runs.runs)
        assert expected == sent(library, method)(*arguments)
        with track.run("sender"):
            data = library.dumps(method)
        assert expected == library.loads(data)(*arguments)
        alone, _, child = runs.runs[before:]
        parents = [parent_of(runs.runs, run) for run in (alone, child)]
    if name != "outer_class" or sys.version_info < (3, 13):  # there it is a method of Python's own
        assert [None, "sender"] == parents
    assert {"x": "8"} == alone.params == child.params


@LIBRARIES
def test_a_function_under_another_name_keeps_its_options(library):
    """What is found under the name of the function is not the decorated one: it travels by value."""
    with captured() as runs:
        assert {"y": 3} == sent(library, other)(3)
        assert ["other"] == [run.name for run in runs.runs]


def test_local_functions_travel_by_cloudpickle():
    """A closure, a lambda and a method of a local class arrive with what they hold, and tracked."""
    offset = 5

    @tracked_training
    def closure(x):
        return x + offset

    class Local:
        @tracked_training
        def fit(self, x):
            return x + offset

    with captured() as runs:
        with track.run("sender"):
            data = [
                cloudpickle.dumps(f) for f in (closure, tracked_training(lambda x: x + offset), Local().fit)
            ]
        assert [6, 6, 6] == [pickle.loads(each)(1) for each in data]
        assert ["sender"] * 3 == [parent_of(runs.runs, run) for run in runs.runs[1:]]


def test_pickle_refuses_a_local_function_as_python_does():
    """The error is the one that any local function gets."""

    @tracked_training
    def closure():
        """Cannot be found by name."""

    with pytest.raises((AttributeError, pickle.PicklingError), match="local object"):
        pickle.dumps(closure)


@pytest.mark.parametrize("thing", [train, Special(0.25).fit, Trainer.outer_static])
def test_a_copy_is_the_function_itself(thing):
    """As for any function, ``copy`` and ``deepcopy`` give back the same, also inside a structure."""
    assert copy.copy(thing) is thing
    assert copy.deepcopy({"metric": thing})["metric"] is thing


PROGRAM = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import jobs
from tracked import track, tracked_training

@tracked_training
def mine(x):
    return {"y": x if x < 9 else mine(x - 9)["y"]}

class Local:
    @tracked_training
    def method(self, x):
        return {"y": x}

def call(fn, x):
    return fn(x)["y"]

def loky():
    from joblib.externals.loky import ProcessPoolExecutor
    return ProcessPoolExecutor(1)

def in_all(pool):
    things = [mine, Local().method, jobs.train, jobs.Trainer(2).fit, jobs.Trainer.restore, jobs.Trainer.score]
    with track.run("sender"):
        futures = [pool.submit(call, thing, 1) for thing in things] + [pool.submit(mine, 10)]
        results = [future.result() for future in futures]
    return [*results, pool.submit(call, mine, 5).result()]

if __name__ == "__main__":
    method = sys.argv[1]
    pool = loky() if method == "loky" else ProcessPoolExecutor(1, multiprocessing.get_context(method))
    pool.submit(abs, 1).result()  # the worker is there before the run
    with pool:
        print(in_all(pool))
"""

JOBS = """
from tracked import tracked_training

@tracked_training
def train(x):
    return {"y": x}

class Trainer:
    def __init__(self, factor):
        self.factor = factor
    @tracked_training
    def fit(self, x):
        return {"y": x * self.factor}
    @tracked_training
    @classmethod
    def restore(cls, x):
        return {"y": x}
    @staticmethod
    @tracked_training
    def score(x):
        return {"y": x}
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver", "loky"])
def test_a_worker_process_runs_them_tracked(method, tmp_path):
    """However the worker came to be, functions of a script, of modules and methods log into children there."""
    if method == "loky":
        pytest.importorskip("joblib")
    store = Store(tmp_path)
    (tmp_path / "jobs.py").write_text(JOBS)
    printed = store.python(PROGRAM, method).stdout
    assert "[1, 1, 1, 2, 1, 1, {'y': 1}, 5]" == printed.strip()
    await_(lambda: 10 == len([run for run in store.runs if run.status == "FINISHED"]), f"{store.runs}")
    parents = [(run.name.rpartition("-")[0], parent_of(store.runs, run)) for run in store.runs]
    names = ["mine", "method", "train", "fit", "restore", "score", "mine"]
    assert sorted([(name, "sender") for name in names] + [("mine", "mine")]) == sorted(
        (name, parent) for name, parent in parents if parent
    )
    assert [("", None), ("mine", None)] == sorted((name, parent) for name, parent in parents if not parent)
    assert {"program.mine"} == {run.tags["tracked.function"] for run in called(store.runs, "mine")}


def test_joblib_sends_them(tmp_path):
    """``Parallel(n_jobs=2)(delayed(f)(x) ...)`` over a script's own function."""
    pytest.importorskip("joblib")
    store = Store(tmp_path)
    store.python(
        "from joblib import Parallel, delayed\n"
        "from tracked import track, tracked_training\n"
        "@tracked_training\n"
        "def train(x):\n"
        "    return {'y': x}\n"
        "if __name__ == '__main__':\n"
        "    with track.run('sender'):\n"
        "        assert [{'y': x} for x in range(4)] == Parallel(n_jobs=2)(delayed(train)(x) for x in range(4))\n"
    )
    await_(lambda: 5 == len([run for run in store.runs if run.status == "FINISHED"]), f"{store.runs}")
    trained = called(store.runs, "train")
    assert ["0", "1", "2", "3"] == sorted(run.params["x"] for run in trained)
    assert ["sender"] * 4 == [parent_of(store.runs, run) for run in trained]
